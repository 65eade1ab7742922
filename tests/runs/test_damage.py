"""A run whose files were damaged or replaced is refused in one sentence, whatever is in them."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlapps.errors import DlappsError
from dlapps.runs.trained import TrainedRun, open_run

LONGEST_MESSAGE = 1000
FILES = (
    "config.yaml",
    "data.json",
    "environment.json",
    "metrics.json",
    "history.csv",
    "model.keras",
)


@pytest.fixture(scope="module")
def whole(dlapps, xor_run, tmp_path_factory) -> Path:
    """A finished and evaluated run, to be looked at but not changed."""
    run = Path(shutil.copytree(xor_run, tmp_path_factory.mktemp("whole") / "0"))
    assert dlapps("classification", "evaluate", run).exit_code == 0
    return run


@pytest.fixture
def run(whole, tmp_path) -> Path:
    """A run of one's own, to damage."""
    return Path(shutil.copytree(whole, tmp_path / "0"))


def damage(run: Path, name: str, contents: bytes | None) -> None:
    """Puts `contents` in the place of a file of the run, or a directory."""
    (run / name).unlink(missing_ok=True)
    if contents is None:
        (run / name).mkdir()
    else:
        (run / name).write_bytes(contents)


READERS: dict[str, Callable[[TrainedRun, Path], object]] = {
    "config.yaml": lambda run, _: run.evaluate(),
    "data.json": lambda run, _: run.load_spec(),
    "environment.json": lambda run, _: (run.name, run.load_spec(), run.model),
    "metrics.json": lambda run, _: run.metrics(),
    "history.csv": lambda run, _: run.history(),
    "model.keras": lambda run, target: (run.evaluate(), run.export(target)),
}
"""What is asked of a run that has to read that file."""


def refusal(run: Path, name: str) -> str:
    """What a run answers to those who need the file called `name`; empty where all is well."""
    try:
        READERS[name](open_run("classification", run), run / "exported")
    except DlappsError as error:
        return str(error)
    return ""


WRONG_FORMS = [
    b"", b"[]", b"3", b"null", b"{}", b'"text"', b"NaN", b"\xff\xfe\0", b"[" * 100_000,
    b'{"a": ' * 100_000, b"9" * 5000, None,
]  # fmt: skip


@pytest.mark.parametrize("contents", WRONG_FORMS, ids=lambda c: "directory" if c is None else c[:9])
@pytest.mark.parametrize("name", ["data.json", "environment.json", "history.csv", "model.keras"])
def test_a_file_of_another_form_is_named(run, name, contents):
    damage(run, name, contents)
    assert f"{run}/{name}" in refusal(run, name)


@pytest.mark.parametrize("contents", [*WRONG_FORMS[1:4], b'{"test": 3}', b'{"test": [1]}'])
def test_metrics_of_another_form_are_named(run, contents):
    damage(run, "metrics.json", contents)
    with pytest.raises(DlappsError, match=r"metrics\.json is not what this program wrote"):
        open_run("classification", run).metrics()


def changed(run: Path, name: str, **values: object) -> bytes:
    return json.dumps({**json.loads((run / name).read_text()), **values}).encode()


@pytest.mark.parametrize("key", ["config", "packages"])
def test_what_is_missing_in_the_environment_is_named(run, key):
    environment = json.loads((run / "environment.json").read_text())
    del environment[key]
    damage(run, "environment.json", json.dumps(environment).encode())
    assert f"environment.json is not what this program wrote: its {key} is" in refusal(
        run, "environment.json"
    )


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "../x", "", "x" * 5000, "a\nb"])
def test_a_name_from_the_environment_that_no_folder_can_have_is_refused(run, name):
    damage(run, "environment.json", changed(run, "environment.json", config=name))
    with pytest.raises(DlappsError, match=r"cannot name a model|not what this program|too long"):
        open_run("classification", run).export(run / "exported")


def test_data_that_describe_another_shape_are_refused(run):
    damage(run, "data.json", changed(run, "data.json", class_names=["a", "b", "c"]))
    with pytest.raises(DlappsError, match=r"data\.json is not the one that this run wrote"):
        open_run("classification", run).predict(["1,1"])


def rewritten(archive: Path, change) -> None:
    """Writes a zip anew with its config.json changed."""
    with zipfile.ZipFile(archive) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    parts["config.json"] = change(parts["config.json"])
    with zipfile.ZipFile(archive, "w") as after:
        for name, contents in parts.items():
            after.writestr(name, contents)


def flip_a_bit(model: Path) -> None:
    contents = bytearray(model.read_bytes())
    contents[len(contents) // 2] ^= 1
    model.write_bytes(contents)


DAMAGES = {
    "a flipped bit": flip_a_bit,
    "half of it": lambda model: model.write_bytes(model.read_bytes()[:-1000]),
    "another config": lambda model: rewritten(model, lambda c: c.replace(b"tanh", b"relu")),
    "a list for a config": lambda model: rewritten(model, lambda c: b"[]"),
    "null for a config": lambda model: rewritten(model, lambda c: b"null"),
    "a deep config": lambda model: rewritten(model, lambda c: b"[" * 100_000),
}


@pytest.mark.parametrize("damage_model", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_model_is_refused(run, damage_model):
    damage_model(run / "model.keras")
    for ask in (lambda r: r.evaluate(), lambda r: r.export(run / "exported")):
        with pytest.raises(DlappsError, match=r"model\.keras is not the one that this run wrote"):
            ask(open_run("classification", run))
    assert not (run / "exported").exists()


@pytest.mark.parametrize("damage_model", [*DAMAGES.values()][1:2] + [*DAMAGES.values()][3:])
def test_a_damaged_model_of_an_earlier_edition_is_refused_too(run, damage_model):
    """That recorded no digests."""
    damage(run, "environment.json", changed(run, "environment.json", digests={}))
    assert refusal(run, "model.keras") == ""
    damage_model(run / "model.keras")
    with pytest.raises(DlappsError, match=r"model\.keras is unreadable"):
        open_run("classification", run).evaluate()


@pytest.mark.parametrize("command", ["evaluate", "export", "explain"])
def test_the_model_of_another_run_is_refused(dlapps, tiny, run, tmp_path, command):
    other = ("--run", tmp_path / "other", *tiny, "--set", "seed=1")
    assert dlapps("classification", "train", "xor_mlp", *other).exit_code == 0
    shutil.copy(tmp_path / "other/model.keras", run / "model.keras")
    answer = dlapps("classification", command, run)
    answer.assert_refused(f"{run}/model.keras is not the one that this run wrote")


def test_training_again_writes_the_digest_of_the_model_it_writes(dlapps, tiny, run):
    flip_a_bit(run / "model.keras")
    dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert refusal(run, "model.keras") == ""


def test_training_a_finished_run_writes_no_other_model(dlapps, run, tiny):
    """Another digest would make the runs that build on it refuse to go on."""
    before = (run / "model.keras").read_bytes(), (run / "environment.json").read_bytes()
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny)
    assert answer.exit_code == 0, answer.stderr
    assert ((run / "model.keras").read_bytes(), (run / "environment.json").read_bytes()) == before


@pytest.mark.parametrize("name", ["model.keras", "metrics.json"])
def test_a_directory_in_the_way_of_training_on_is_named(dlapps, tiny, run, name):
    damage(run, name, None)
    (run / name / "in the way").touch()
    more = ("--set", "training.steps=8")
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *tiny, *more)
    answer.assert_refused(f"Cannot write to {run}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@st.composite
def replacements(draw, whole: Path, name: str) -> bytes:
    """Any bytes, any JSON, or the file itself with something else inside."""
    before = (whole / name).read_bytes()
    kind = draw(st.sampled_from(["bytes", "json", "inside", "value"]))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "json" or (kind == "value" and not name.endswith(".json")):
        return json.dumps(draw(JSON)).encode()
    if kind == "inside":
        place = draw(st.integers(0, len(before)))
        return before[:place] + draw(st.binary(max_size=20)) + before[draw(st.integers(place)) :]
    values = json.loads(before)
    values[draw(st.sampled_from(sorted(values)))] = draw(JSON)
    return json.dumps(values).encode()


@pytest.mark.parametrize("name", READERS)
def test_nothing_in_a_file_ends_in_another_error(whole, tmp_path_factory, name):
    """Fuzzed: each question is answered, or refused in our own words."""
    run = Path(shutil.copytree(whole, tmp_path_factory.mktemp("fuzzed") / "0"))

    @settings(max_examples=30)
    @given(replacements(whole, name))
    @example(b"")
    def fuzz(contents):
        damage(run, name, contents)
        assert len(refusal(run, name)) < LONGEST_MESSAGE

    fuzz()
