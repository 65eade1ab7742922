"""The command line: results on stdout, one clear sentence on stderr, and an honest exit code."""

import json
import os
import shlex
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from cli.answers import echo_record
from dlapps.config import files

CONFIGS = sorted(Path(__file__).parents[2].glob("configs/*/*.yaml"))
CLASSIFICATION = [file.stem for file in CONFIGS if file.parent.name == "classification"]


def assert_refused(answer, exit_code: int, *named: str) -> None:
    """One or two sentences on stderr, nothing on stdout."""
    assert answer.exit_code == exit_code, answer.stderr
    assert answer.stdout == ""
    for text in named:
        assert text in answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_list_shows_every_application_and_config(dlapps):
    answer = dlapps("list")
    assert answer.exit_code == 0
    assert answer.stderr == ""
    assert "classification  Classification: which of several classes" in answer.stdout
    for file in CONFIGS:
        assert f"  {file.stem} " in answer.stdout


def test_list_as_json_says_what_each_config_needs(dlapps):
    (found,) = (a for a in dlapps("list", "--json").document if a["name"] == "classification")
    needs = {config["name"]: config["needs"] for config in found["configs"]}
    assert sorted(needs) == CLASSIFICATION
    assert needs["digits_lenet5"].startswith("nothing")
    assert needs["mnist_mlp"].startswith("mnist (downloaded")
    assert needs["image_folder_lenet5"].startswith("your own data: --set data.path=PATH")
    assert all(config["summary"] for config in found["configs"])
    (found,) = (a for a in dlapps("list", "--json").document if a["name"] == "segmentation")
    needs = {config["name"]: config["needs"] for config in found["configs"]}
    assert needs["isbi2012_unet"] == "isbi2012 (raw files in DLAPPS_MANUAL_DIR)"


@pytest.mark.parametrize("name", ["digits_lenet5", "classification/digits_lenet5"])
def test_config_show_writes_every_default_out(dlapps, name):
    written = yaml.safe_load(dlapps("config", "show", name).stdout)
    assert written["training"]["steps"] == 1200
    assert written["training"]["optimizer"]["name"] == "adam"
    assert dlapps("config", "show", name, "--json").document == written


def test_a_name_of_two_configs_is_not_chosen_between(dlapps, tmp_path, monkeypatch):
    shutil.copytree(files.DIRECTORY, tmp_path / "configs")
    same = tmp_path / "configs/segmentation/xor_mlp.yaml"
    shutil.copy(tmp_path / "configs/segmentation/shapes_unet.yaml", same)
    monkeypatch.setattr(files, "DIRECTORY", tmp_path / "configs")
    answer = dlapps("config", "show", "xor_mlp")
    names = ("classification/xor_mlp", "segmentation/xor_mlp")
    assert_refused(answer, 2, *names, "say which of them")
    for name in names:
        written = yaml.safe_load(dlapps("config", "show", name).stdout)
        assert written["application"] == name.partition("/")[0]


def test_config_show_takes_files_and_changes(dlapps, tmp_path):
    text = dlapps("config", "show", "xor_mlp", "--set", "training.steps=7").stdout
    (tmp_path / "mine.yaml").write_text(text)
    answer = dlapps("config", "show", tmp_path / "mine.yaml", "--json", "--set", "seed=4")
    assert answer.document["training"]["steps"] == 7
    assert answer.document["seed"] == 4


def test_config_schema_is_a_json_schema(dlapps):
    schema = dlapps("config", "schema", "classification").document
    assert {"data", "model", "training", "seed"} <= schema["properties"].keys()


def test_data_list_says_where_data_would_come_from(dlapps, tmp_path):
    (tmp_path / "raw/mnist").mkdir(parents=True)
    (tmp_path / "raw/mnist/file.gz").touch()
    options = ("--manual-dir", tmp_path / "raw", "--data-dir", tmp_path / "prepared")
    before = dict(os.environ)
    answer = dlapps("data", "list", *options)
    assert f"mnist: raw files in {tmp_path}/raw/mnist" in answer.stdout
    assert "fashion_mnist: would be downloaded" in answer.stdout
    assert f"isbi2012: wants raw files in {tmp_path}/raw/isbi2012" in answer.stdout
    assert dlapps("data", "list", "--json", *options).document["mnist"].startswith("raw files")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("clasification", "train", "xor_mlp"), "did you mean classification?"),
        (("classification", "trian", "xor_mlp"), "No such command 'trian'"),
        (("classification", "train"), "Missing argument 'CONFIG'"),
        (("classification", "train", "xor_mlp", "--freshly"), "'--fresh'?"),
        (("classification", "predict", "run"), "Missing argument 'INPUT...'"),
        (("lst",), "did you mean list?"),
    ],
)
def test_wrong_usage_is_2_and_names_the_nearest(dlapps, arguments, named):
    answer = dlapps(*arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("classification", "train", "xor_mpl"), "did you mean xor_mlp?"),
        (("config", "show", "xor_mpl"), "did you mean xor_mlp?"),
        (("config", "schema", "clasification"), "did you mean classification?"),
        (("data", "prepare", "mnits"), "no published data set"),
        (("classification", "evaluate", "/nowhere/run"), "There is no run /nowhere/run"),
        (
            ("classification", "train", "xor_mlp", "--set", "training.step=3"),
            "--set training.step=3: training.step is no setting; did you mean steps?",
        ),
        (("classification", "train", "xor_mlp", "--set", "steps"), "not of the form KEY=VALUE"),
    ],
)
def test_a_refusal_is_2_and_one_sentence(dlapps, arguments, named):
    assert_refused(dlapps(*arguments), 2, named)


def test_a_config_of_another_application_comes_with_the_command_that_works(dlapps, tmp_path):
    answer = dlapps("classification", "train", "shapes_unet")
    command = "dlapps segmentation train shapes_unet"
    assert_refused(answer, 2, "a config of segmentation, not of classification", command)
    file = tmp_path / "of mine.yaml"
    file.write_text("application: segmentation\n")
    answer = dlapps("classification", "train", file)
    assert_refused(answer, 2, f"dlapps segmentation train '{file}'")
    answer = dlapps("segmentation", "train", file)
    assert_refused(answer, 2, f"{file}: data is missing.")
    file.write_text("application: [astrology]\n")
    answer = dlapps("segmentation", "train", file)
    assert_refused(answer, 2, "a config of ['astrology'], not of segmentation")


def test_a_config_that_names_no_application_is_refused(dlapps, tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 1\n")
    assert_refused(dlapps("config", "show", tmp_path / "mine.yaml"), 2, "application is missing")


def test_a_config_that_is_no_text_is_refused(dlapps, tmp_path):
    file = tmp_path / "picture.yaml"
    file.write_bytes(b"\x89PNG\xff\xfe")
    for command in (("config", "show"), ("classification", "train")):
        assert_refused(dlapps(*command, file), 2, f"{file} is not a text file that can be read.")


def test_a_failure_is_1_and_the_traceback_is_for_debug(dlapps, tmp_path):
    """A learning rate that no network survives fails in the middle of training."""
    arguments = (
        "classification", "train", "rings_mlp", "--run", tmp_path / "run",
        "--set", "training.learning_rate=1e38", "--set", "training.optimizer.name=sgd",
        "--set", "model.activation=linear",
    )  # fmt: skip
    answer = dlapps(*arguments)
    assert_refused(answer, 1, "not finite at step", "There is no earlier checkpoint")
    with pytest.raises(Exception, match="not finite at step"):
        dlapps("--debug", *arguments)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "named"),
    [
        (("classification", "train", "xor_mpl", "--json"), 2, "did you mean xor_mlp?"),
        (("classification", "train", "--json"), 2, "Missing argument 'CONFIG'"),
        (("list", "--json", "--jsn"), 2, "No such option"),
        (("lst", "--json"), 2, "did you mean list?"),
        (("classification", "evaluate", "nowhere", "--json"), 2, "There is no run nowhere"),
    ],
)
def test_with_json_a_refusal_is_one_document_too(dlapps, arguments, exit_code, named):
    answer = dlapps(*arguments)
    assert (answer.exit_code, answer.stderr) == (exit_code, "")
    assert answer.document["exit_code"] == exit_code
    assert named in answer.document["error"]


@pytest.mark.parametrize(
    ("failure", "exit_code"), [(RuntimeError("at sea"), 1), (KeyboardInterrupt(), 130)]
)
def test_with_json_a_failure_of_any_kind_is_a_document(dlapps, monkeypatch, failure, exit_code):
    def fail(name):
        raise failure

    monkeypatch.setattr("cli.main.application_group", fail)
    answer = dlapps("classification", "train", "xor_mlp", "--json")
    assert (answer.exit_code, answer.document["exit_code"]) == (exit_code, exit_code)
    assert dlapps("classification", "--", "--json").stdout == "", "what follows -- is no option"


LONG = "x" * 5000
HOSTILE = (LONG, "a\nb", "a\0b", "\udcff\udcfe", "\x1b[31mred", "../" * 2000)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_argument_is_refused_in_one_sentence(dlapps, text):
    for arguments in (
        (text,),
        ("classification", "train", text),
        ("classification", "train", "xor_mlp", "--run", text, "--set", "training.steps=0"),
        ("classification", "train", "xor_mlp", "--set", text),
        ("classification", "train", "xor_mlp", "--set", f"training.optimizer={text}"),
        ("classification", "evaluate", text),
        ("config", "show", text),
        ("config", "schema", text),
        ("data", "prepare", text),
    ):
        answer = dlapps(*arguments)
        sentence = answer.stderr.removeprefix("Usage: dlapps [OPTIONS] COMMAND [ARGS]...\n")
        assert (answer.exit_code, answer.stdout) == (2, ""), (arguments, answer)
        assert len(sentence.splitlines()) == 1, sentence
        assert sentence.strip().isprintable()
        assert len(sentence) < 2000


def test_the_next_command_can_be_pasted_into_a_shell(dlapps, tiny, tmp_path):
    directory = tmp_path / "what's new; rm -r" / "0"
    answer = dlapps("classification", "train", "xor_mlp", "--run", directory, *tiny)
    (line,) = (line for line in answer.stderr.splitlines() if line.startswith("Next: "))
    command = shlex.split(line.removeprefix("Next: "))
    assert command == ["dlapps", "classification", "evaluate", str(directory)]


def test_results_go_to_stdout_as_one_document(dlapps, xor_run, tmp_path):
    arguments = {
        "evaluate": (xor_run,),
        "predict": (xor_run, "1,1", "-1,1"),
        "export": (xor_run, "--to", tmp_path),
        "explain": (xor_run,),
    }
    for command, given in arguments.items():
        answer = dlapps("classification", command, *given, "--json")
        assert answer.exit_code == 0, answer.stderr
        assert json.loads(answer.stdout)


def test_training_tells_its_outcome(dlapps, tiny, tmp_path):
    arguments = ("classification", "train", "xor_mlp", "--run", tmp_path / "xor_mlp/0", *tiny)
    outcome = dlapps(*arguments, "--json").document
    assert outcome["step"] == 6
    assert outcome["run"] == str(tmp_path / "xor_mlp/0")
    again = dlapps(*arguments)
    assert again.exit_code == 0
    assert "step: 6" in again.stdout
    assert f"Next: dlapps classification evaluate {tmp_path}/xor_mlp/0" in again.stderr


def test_what_hardly_can_be_learned_is_said_once_and_learned(dlapps, tiny, tmp_path):
    doubtful = ("data.num_examples=4", "data.batch_size=9", "training.schedule.warmup_steps=6")
    settings = [part for setting in doubtful for part in ("--set", setting)]
    options = ("--run", tmp_path / "run", *tiny, *settings)
    answer = dlapps("classification", "train", "xor_mlp", *options)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stderr.count("There are 4 examples to learn from, too few to fill one ") == 1
    assert answer.stderr.count("training.schedule.warmup_steps 6 is as long as the run") == 1


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_mistyped_option_is_no_input(dlapps, xor_run, command):
    answer = dlapps("classification", command, xor_run, "--jsn", "0.5,-1.2")
    assert answer.exit_code == 2
    assert "No such option" in answer.stderr


def test_answers_are_readable(dlapps, xor_run):
    evaluated = dlapps("classification", "evaluate", xor_run).stdout
    accuracy = json.loads((xor_run / "metrics.json").read_text())["test"]["accuracy"]
    assert f"test accuracy: {accuracy:.4f}" in evaluated
    predicted = dlapps("classification", "predict", xor_run, "-1.5,2").stdout
    (record,) = dlapps("classification", "predict", xor_run, "-1.5,2", "--json").document
    assert predicted.startswith(f"-1.5,2  label: {record['label']}  probabilities: ")
    assert np.isclose(sum(record["probabilities"].values()), 1, atol=1e-6)


def test_alternatives_stand_below_the_answer(capsys):
    said = [{"caption": "a dog runs", "score": -0.25}, {"caption": "a\x1b[2J cat", "score": -0.5}]
    echo_record({"input": "a.png", "caption": "a dog runs", "alternatives": said, "boxes": [1, 2]})
    assert capsys.readouterr().out.splitlines() == [
        "a.png  caption: a dog runs",
        "  caption: a dog runs  score: -0.2500",
        "  caption: a\\x1b[2J cat  score: -0.5000",
    ]


def test_a_signal_saves_and_ends_with_its_own_code(dlapps, tmp_path):
    directory = tmp_path / "xor_mlp/0"

    def stop_once_training() -> None:
        deadline = time.monotonic() + 60
        while not (directory / "history.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=stop_once_training)
    watcher.start()
    many_steps = ("--set", "training.steps=100000000")
    answer = dlapps("classification", "train", "xor_mlp", "--run", directory, *many_steps)
    watcher.join()
    assert answer.exit_code == 128 + signal.SIGTERM
    assert "and saved; the same command continues." in answer.stderr
    assert list((directory / "checkpoints/training").glob("step-*/manifest.json"))
