"""A search finds good settings, can be stopped anywhere, and never looks at the test split."""

import csv
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest import mock

import keras
import pytest
import yaml
from optuna.trial import TrialState

from dlapps.applications.classification.application import Classification
from dlapps.config.files import find_config, read_text
from dlapps.config.schema import Config
from dlapps.config.search_space import read_space
from dlapps.data.splits import Data
from dlapps.errors import DlappsError, UsageError
from dlapps.files import sole_user
from dlapps.runs.directory import read_config
from dlapps.runs.run import Run
from dlapps.runs.search import JOURNAL, SETTINGS, Search, concluded
from dlapps.runs.search_report import report_search
from dlapps.training.history import read_history
from dlapps.training.loop import NonFiniteLoss

LEARNING_RATE, ACTIVATION = "training.learning_rate=1e-4..1", "model.activation=relu|tanh|gelu"
SPACE = (LEARNING_RATE, "model.dropout=0..0.5", ACTIVATION)
Curve = Callable[[Config], Iterable[float]]


def search_in(directory: Path, *space: str, assignments: tuple[str, ...] = ()) -> Search:
    file = find_config("classification", "xor_mlp")
    return Search(
        directory, "classification", "xor_mlp", read_text(file.path), "xor_mlp", assignments,
        read_space(space or SPACE),
    )  # fmt: skip


def distance(config: Config) -> float:
    """From the best learning rate, which is 0.01, in decades."""
    return abs(math.log10(config.training.learning_rate) + 2)


def falling(config: Config) -> Iterable[float]:
    """Four validations, the last at the distance."""
    return [distance(config) + 1 / number - 0.25 for number in range(1, 5)]


@pytest.fixture
def trained_by(monkeypatch) -> Callable[[Curve], list[Path]]:
    """Has runs validate as a function of their config says; returns those that were trained."""

    def replace(curve: Curve) -> list[Path]:
        trained: list[Path] = []

        def train(self, config_name, on_step):
            trained.append(self.directory)
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / "config.yaml").write_text(self.config.to_yaml())
            # What was validated before an interruption is not validated again.
            rows = read_history(self.directory / "history.csv")
            for number, value in enumerate(curve(self.config), 1):
                if number <= len(rows):
                    continue
                rows.append({"step": 250 * number, "validation_loss": value})
                with (self.directory / "history.csv").open("w", newline="") as file:
                    writer = csv.DictWriter(file, rows[0], lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)
                on_step(250 * number, rows[-1])
            finite = [
                row["validation_loss"] for row in rows if math.isfinite(row["validation_loss"])
            ]
            choose = {"min": min, "max": max}[self.config.training.mode]
            return {"best_validation_loss": choose(finite, default=None)}

        monkeypatch.setattr(Run, "train", train)
        # What would take long, and for nothing: there is no model, and no machine is to fail.
        monkeypatch.setattr(os, "fsync", lambda file: None)
        monkeypatch.setattr(keras.utils, "clear_session", lambda: None)
        return trained

    return replace


def trials_of(study) -> list[tuple]:
    return [
        (trial.user_attrs[SETTINGS], trial.state, trial.value, trial.intermediate_values)
        for trial in concluded(study)
    ]


def test_it_finds_what_is_best_and_says_what_mattered(trained_by, tmp_path):
    trained_by(falling)
    search = search_in(tmp_path / "search")
    found = report_search(search, search.run(20))
    assert sum(found["trials"].values()) == 20
    assert 0.004 < found["best"]["settings"]["training.learning_rate"] < 0.025
    assert found["importance"]["training.learning_rate"] > 0.6
    assert sum(found["importance"].values()) == pytest.approx(1)
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in found["pictures"])
    results = json.loads((tmp_path / "search/results.json").read_text())
    completed = [t["value"] for t in results["all_trials"] if t["state"] == "completed"]
    assert min(completed) == results["best"]["value"] == found["best"]["value"]
    best = Path(found["config"])
    config = read_config("classification", best.read_text(), str(best))
    number = found["best"]["trial"]
    assert config == search.config_with(concluded(search.run(20))[number - 1].user_attrs[SETTINGS])
    assert config.training.learning_rate == found["best"]["settings"]["training.learning_rate"]
    assert best.read_text().startswith("# The best of 20 trials: validation loss 0.")


def test_the_largest_is_best_where_the_config_says_so(trained_by, tmp_path):
    trained_by(lambda config: [-distance(config)])
    search = search_in(tmp_path, LEARNING_RATE, assignments=("training.mode=max",))
    study = search.run(20)
    found = report_search(search, study)
    assert found["best"]["value"] == max(t.value for t in concluded(study) if t.value is not None)
    assert 0.003 < found["best"]["settings"]["training.learning_rate"] < 0.03


def test_trials_behind_the_median_are_pruned_and_their_runs_end(trained_by, tmp_path):
    trained_by(falling)
    study = search_in(tmp_path).run(20)
    states = [trial.state for trial in concluded(study)]
    assert TrialState.PRUNED not in states[:5], "five are completed before any is pruned"
    assert TrialState.PRUNED in states
    for number, trial in enumerate(concluded(study), 1):
        steps = [row["step"] for row in read_history(tmp_path / f"trials/{number:03d}/history.csv")]
        assert [*trial.intermediate_values] == steps
        assert (len(steps) < 4) == (trial.state == TrialState.PRUNED)
        assert steps[-1] >= 250, "a quarter of 1,000 steps is never pruned"


@pytest.mark.parametrize("which", [0, 2, -1], ids=["the first", "the third", "the last"])
def test_interrupted_anywhere_it_makes_the_trials_of_an_unbroken_one(trained_by, tmp_path, which):
    trained_by(falling)
    unbroken = trials_of(search_in(tmp_path / "unbroken").run(11))
    whole = [n for n, trial in enumerate(unbroken, 1) if trial[1] == TrialState.COMPLETE]
    interruptions, stopped_at = [], whole[which]

    def interrupted(config: Config) -> Iterable[float]:
        for number, value in enumerate(falling(config), 1):
            if len(trained) == stopped_at and number == 3 and not interruptions:
                interruptions.append(number)
                raise KeyboardInterrupt
            yield value

    trained = trained_by(interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_in(tmp_path / "broken").run(11)
    study = search_in(tmp_path / "broken").run(11)
    assert interruptions
    assert trials_of(study) == unbroken
    assert len(trained) == 12, "only that which was interrupted is trained again"


def test_there_are_so_many_trials_in_all(trained_by, tmp_path):
    trained = trained_by(falling)
    search_in(tmp_path).run(3)
    first = trials_of(search_in(tmp_path).run(3))
    assert len(trained) == 3
    assert trials_of(search_in(tmp_path).run(2)) == first
    assert len(trials_of(search_in(tmp_path).run(5))) == 5
    assert trained == [tmp_path / f"trials/00{number}" for number in range(1, 6)]


def test_the_seed_of_the_config_decides_what_is_tried(trained_by, tmp_path):
    trained_by(falling)
    tried = [
        [trial[0] for trial in trials_of(search.run(3))]
        for search in (
            search_in(tmp_path / "a"), search_in(tmp_path / "b"),
            search_in(tmp_path / "c", assignments=("seed=1",)),
        )
    ]  # fmt: skip
    assert tried[0] == tried[1] != tried[2]
    assert len({settings["training.learning_rate"] for settings in tried[0]}) == 3


@pytest.mark.parametrize("problem", ["raised", "validated"])
def test_a_loss_that_is_not_finite_fails_its_trial_only(trained_by, tmp_path, caplog, problem):
    def curve(config: Config) -> Iterable[float]:
        if config.training.learning_rate <= 0.02:
            return falling(config)
        if problem == "raised":
            raise NonFiniteLoss("The loss is not finite at step 7.")
        return [math.nan]

    trained_by(curve)
    search = search_in(tmp_path)
    found = report_search(search, search.run(8))
    results = json.loads((tmp_path / "results.json").read_text())["all_trials"]
    failed = [trial for trial in results if trial["settings"]["training.learning_rate"] > 0.02]
    assert found["trials"]["failed"] == len(failed) > 0
    said = "not finite at step 7" if problem == "raised" else "validation loss was never finite"
    assert all(trial["state"] == "failed" and said in trial["reason"] for trial in failed)
    assert sum(found["trials"].values()) == 8


def test_where_no_trial_was_completed_the_last_reason_is_told(trained_by, tmp_path):
    def curve(config: Config) -> Iterable[float]:
        raise NonFiniteLoss("The loss is not finite at step 7.")

    trained_by(curve)
    search = search_in(tmp_path)
    with pytest.raises(DlappsError, match=r"None of the 2 trials .* not finite at step 7"):
        report_search(search, search.run(2))


def test_what_stops_the_first_trial_stops_the_search_and_is_tried_again(trained_by, tmp_path):
    def curve(config: Config) -> Iterable[float]:
        raise UsageError("There is no data.")

    trained_by(curve)
    with pytest.raises(UsageError, match=r"Trial 1 with .*: There is no data\."):
        search_in(tmp_path).run(4)
    trained = trained_by(falling)
    study = search_in(tmp_path).run(4)
    assert [trial.state for trial in concluded(study)] == [TrialState.COMPLETE] * 4
    assert trained[0] == tmp_path / "trials/001"


def test_what_only_some_settings_meet_fails_their_trials(trained_by, tmp_path):
    def curve(config: Config) -> Iterable[float]:
        if config.model["activation"] == "relu":
            raise UsageError("relu is too much.")
        return falling(config)

    trained_by(curve)
    search = search_in(tmp_path, ACTIVATION)
    found = report_search(search, search.run(8))
    assert found["trials"]["failed"] > 0
    assert found["best"]["settings"]["model.activation"] != "relu"


def test_settings_that_are_refused_together_fail_their_trial(trained_by, tmp_path):
    trained_by(falling)
    space = ("training.optimizer.name=sgd|adam", "training.optimizer.momentum=0..0.9")
    search = search_in(tmp_path, *space, assignments=("training.optimizer.name=sgd",))
    found = report_search(search, search.run(8))
    assert found["trials"]["failed"] > 0
    assert found["best"]["settings"]["training.optimizer.name"] == "sgd"
    results = json.loads((tmp_path / "results.json").read_text())["all_trials"]
    reasons = {trial["reason"] for trial in results if trial["state"] == "failed"}
    assert "adam has no momentum" in reasons.pop()


@pytest.mark.parametrize(
    ("space", "named"),
    [
        ("training.learningrate=1e-4..1", "training.learningrate is no setting; did you mean"),
        ("model.unit=1..2", "model.unit is no setting; known are name, widths, activation"),
        ("model.dropout=0.1..1.5", "model.dropout cannot be 1.5"),
        ("training.learning_rate=-1..1", "training.learning_rate cannot be -1"),
        ("data.batch_size=1.5..8", "data.batch_size cannot be 1.5"),
        ("training.optimizer.name=adam|adan", "training.optimizer.name cannot be 'adan'; did you"),
        ("model.dropout.x=1..2", "dropout"),
    ],
)
def test_what_the_config_refuses_is_refused_before_anything_is_trained(tmp_path, space, named):
    with pytest.raises(UsageError) as error:
        search_in(tmp_path / "search", space).run(1)
    assert str(error.value).startswith(f"--space {space}: ")
    assert named in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_counts_are_whole_and_shares_are_not(trained_by, tmp_path):
    trained_by(falling)
    space = ("data.batch_size=1..8", "model.dropout=0..0.9", "training.clip_norm=1..9")
    study = search_in(tmp_path, *space).run(4)
    for trial in concluded(study):
        drawn = {key: yaml.safe_load(text) for key, text in trial.user_attrs[SETTINGS].items()}
        assert isinstance(drawn["data.batch_size"], int)
        assert isinstance(drawn["model.dropout"], float)
        assert isinstance(drawn["training.clip_norm"], float)


def test_another_search_in_the_same_place_is_refused(trained_by, tmp_path):
    trained_by(falling)
    search_in(tmp_path).run(1)
    for other, named in (
        (search_in(tmp_path, LEARNING_RATE), "another space"),
        (search_in(tmp_path, assignments=("data.batch_size=8",)), "another config"),
    ):
        with pytest.raises(UsageError, match=f"is a search with {named}"):
            other.run(1)
    same = [f"{key}={each.written()}" for key, each in reversed(read_space(SPACE).items())]
    search_in(tmp_path, *same).run(1)


def test_a_folder_with_files_of_ones_own_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match=r"is no search and holds other files, such as thesis"):
        search_in(tmp_path).run(1)


def test_two_searches_at_once_are_refused(tmp_path):
    with sole_user(tmp_path), pytest.raises(UsageError, match="Another process"):
        search_in(tmp_path).run(1)


def test_a_journal_cut_in_a_line_is_mended_and_its_lock_freed(trained_by, tmp_path):
    trained_by(falling)
    before = trials_of(search_in(tmp_path).run(3))
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    (tmp_path / f"{JOURNAL}.lock").symlink_to(JOURNAL)
    began = time.monotonic()
    after = trials_of(search_in(tmp_path).run(4))
    assert after[:3] == before
    assert len(after) == 4
    assert time.monotonic() - began < 20, "Optuna alone waits 30 seconds for the lock"


@pytest.mark.parametrize("contents", [b"no journal\n" * 3, b'{"op_code": 99}\n', b"\xff\n"])
def test_a_damaged_journal_is_named(tmp_path, contents):
    (tmp_path / JOURNAL).write_bytes(contents)
    with pytest.raises(UsageError, match=r"journal\.log is not a journal this program wrote"):
        search_in(tmp_path).run(1)


# With real runs.

OPTIONS = (
    "--space", "training.learning_rate=1e-3..1", "--space", "model.widths=[2]|[4]|[8]",
    "--set", "training.steps=40", "--set", "training.validate_every=10",
    "--set", "training.log_every=10", "--set", "training.checkpoint_every=10",
    "--set", "training.steps_per_call=10", "--set", "training.precision=float32",
)  # fmt: skip


def search_with(dlapps, directory: Path, *options: object):
    return dlapps("search", "xor_mlp", *OPTIONS, "--to", directory, *options)


@pytest.fixture(scope="module")
def searched(dlapps, tmp_path_factory) -> Path:
    """A finished search, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("searches") / "xor_mlp"
    answer = search_with(dlapps, directory, "--trials", 4)
    assert answer.exit_code == 0, answer.stderr
    return directory


def outcomes(directory: Path) -> list[dict]:
    return json.loads((directory / "results.json").read_text())["all_trials"]


def test_the_best_config_trains_to_the_value_that_the_search_says(dlapps, searched, tmp_path):
    best = json.loads((searched / "results.json").read_text())["best"]
    trained = dlapps(
        "classification", "train", searched / "best.yaml", "--run", tmp_path / "run", "--json"
    )
    assert trained.exit_code == 0, trained.stderr
    assert trained.document["best_validation_loss"] == best["value"]
    assert dlapps("classification", "evaluate", best["run"]).exit_code == 0


def test_what_was_found_is_told(dlapps, searched):
    answer = search_with(dlapps, searched, "--trials", 4)
    lines = answer.stdout.splitlines()
    best = min(
        (trial for trial in outcomes(searched) if trial["state"] == "completed"),
        key=lambda trial: trial["value"],
    )
    assert f"best trial: {best['number']}" in lines
    assert f"validation loss: {best['value']:.5g}" in lines
    assert f"model.widths: {best['settings']['model.widths']}" in lines
    assert sum(line.startswith("importance of ") for line in lines) == 2
    assert answer.stderr == f"Next: dlapps classification train {searched}/best.yaml\n"


def test_a_search_stopped_by_a_signal_ends_as_an_unbroken_one(dlapps, searched, tmp_path):
    train, trained = Run.train, []

    def stopped(self, config_name, on_step):
        def stop_in_the_second(step, row):
            on_step(step, row)
            if len(trained) == 2 and step == 20:
                os.kill(os.getpid(), signal.SIGTERM)

        trained.append(self.directory)
        return train(self, config_name, stop_in_the_second)

    with mock.patch.object(Run, "train", stopped):
        answer = search_with(dlapps, tmp_path, "--trials", 2)
    assert answer.exit_code == 143
    assert "Stopped at step 20 of 40 and saved; the same command continues." in answer.stderr
    answer = search_with(dlapps, tmp_path, "--trials", 2)
    assert answer.exit_code == 0, answer.stderr
    assert "Continuing at step 20 of 40." in answer.stderr
    assert outcomes(tmp_path) == outcomes(searched)[:2]


@dataclasses.dataclass(frozen=True)
class Sealed:
    """A split whose examples nobody may look at: they are counted, and known by their digest."""

    length: int

    def __len__(self) -> int:
        return self.length

    def fingerprint(self) -> str:
        return "sealed"


def test_the_test_split_is_not_looked_at(dlapps, searched, tmp_path, monkeypatch):
    build_data = Classification.build_data

    def sealed(self) -> Data:
        data = build_data(self)
        return Data({**data.splits, "test": Sealed(len(data["test"]))}, data.spec)

    monkeypatch.setattr(Classification, "build_data", sealed)
    answer = search_with(dlapps, tmp_path, "--trials", 2)
    assert answer.exit_code == 0, answer.stderr
    assert outcomes(tmp_path) == outcomes(searched)[:2], "without its examples, all is the same"
    evaluated = dlapps("classification", "evaluate", tmp_path / "trials/001")
    assert "Sealed" in evaluated.stderr, "what measures on the test split cannot"


@pytest.mark.slow
def test_killed_again_and_again_it_ends_as_an_unbroken_one(dlapps, searched, tmp_path):
    words = ("search", "xor_mlp", *OPTIONS, "--to", tmp_path, "--trials", 4)
    program = [sys.executable, "-c", "from cli.main import main; main()", *map(str, words)]
    for number, signal_number in ((1, signal.SIGKILL), (2, signal.SIGTERM), (4, signal.SIGKILL)):
        process = subprocess.Popen(program, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        history = tmp_path / f"trials/{number:03d}/history.csv"
        while not history.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal_number)
        exit_code = process.wait()
        assert exit_code in {signal.SIGKILL: (-9,), signal.SIGTERM: (143, -15)}[signal_number]
    answer = search_with(dlapps, tmp_path, "--trials", 4)
    assert answer.exit_code == 0, answer.stderr
    assert outcomes(tmp_path) == outcomes(searched)
