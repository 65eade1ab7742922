"""What a user can hand in that is wrong: every case one clear answer, and no checkpoint lost."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image


def paint(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (9, 9), shade).save(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Four images of each of two classes."""
    for number in range(4):
        paint(tmp_path / "images/dark" / f"{number}.png", number)
        paint(tmp_path / "images/light" / f"{number}.png", 200 + number)
    return tmp_path / "images"


@pytest.fixture
def train_on(dlapps, tiny, tmp_path):
    """Trains on a folder of images."""

    def train(folder: Path):
        options = ("--run", tmp_path / "folder/0", *tiny, "--set", f"data.path={folder}")
        model = ("--set", "model={name: perceptron}")
        return dlapps("classification", "train", "image_folder_lenet5", *options, *model)

    return train


def assert_refused(answer, exit_code: int, *named: object) -> None:
    assert answer.exit_code == exit_code, answer.stderr
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    for text in named:
        assert str(text) in answer.stderr


def test_an_image_folder_that_is_not_there_is_named(train_on, tmp_path):
    assert_refused(train_on(tmp_path / "nowhere"), 2, tmp_path / "nowhere", "does not exist")


def test_an_empty_image_folder_is_refused(train_on, tmp_path):
    (tmp_path / "empty").mkdir()
    assert_refused(train_on(tmp_path / "empty"), 2, "no class folder with images", "cat/1.png")


def test_a_class_without_an_image_is_refused(train_on, folder):
    (folder / "third").mkdir()
    assert_refused(train_on(folder), 2, "There is no image", folder / "third")


def test_images_that_cannot_be_decoded_are_skipped_counted_and_named(train_on, folder):
    (folder / "dark/broken.png").write_bytes(b"\x89PNG broken")
    answer = train_on(folder)
    assert answer.exit_code == 0, answer.stderr
    skipped = f"1 of 9 images cannot be decoded and are left out: {folder}/dark/broken.png"
    assert skipped in answer.stderr


def test_a_class_that_becomes_empty_is_refused(train_on, folder):
    for file in (folder / "light").iterdir():
        file.write_text("no image")
    assert_refused(train_on(folder), 2, "class light", "can be decoded")


def test_a_text_file_given_to_predict_is_named(dlapps, train_on, folder, tmp_path):
    assert train_on(folder).exit_code == 0
    (tmp_path / "notes.txt").write_text("no image")
    for wrong, why in (
        (tmp_path / "notes.txt", "an image this program can read (PNG, JPEG, BMP, GIF, WebP)"),
        (tmp_path / "nowhere.png", "There is no image file"),
        (folder, "holds no file that this run reads (.png, .jpg, .jpeg, .bmp, .gif, .webp)"),
    ):
        answer = dlapps("classification", "predict", tmp_path / "folder/0", wrong)
        assert_refused(answer, 2, wrong, why)


@pytest.mark.parametrize("point", ["1", "1,2,3", "one,two", "", "picture.png"])
def test_a_malformed_point_is_named(dlapps, xor_run, point):
    answer = dlapps("classification", "predict", xor_run, point)
    assert_refused(answer, 2, f"{point!r} is not a point", "0.5,-1.2")


@pytest.mark.parametrize("point", ["nan,1", "1,inf", "1e300,0"])
def test_a_point_that_is_nowhere_is_refused(dlapps, xor_run, point):
    answer = dlapps("classification", "predict", xor_run, point)
    assert_refused(answer, 2, f"{point!r} is not a point")


@pytest.mark.usefixtures("no_network")
def test_a_data_set_that_cannot_be_had_names_its_files_and_their_place(
    dlapps, tiny, tmp_path, monkeypatch
):
    monkeypatch.delenv("DLAPPS_MANUAL_DIR", raising=False)
    options = ("--run", tmp_path / "run", "--data-dir", tmp_path / "prepared", *tiny)
    train = ("classification", "train", "mnist_mlp", *options)
    answer = dlapps(*train, "--manual-dir", tmp_path / "raw")
    assert_refused(answer, 1, "train-images-idx3-ubyte.gz", f"Put them into {tmp_path}/raw/mnist/.")
    assert_refused(dlapps(*train), 1, "t10k-labels-idx1-ubyte.gz", "DLAPPS_MANUAL_DIR")


@pytest.mark.parametrize("command", ["evaluate", "explain", "export"])
def test_a_place_that_cannot_be_written_is_named(dlapps, xor_run, tmp_path, command):
    """A path below a file: even root cannot write there."""
    (tmp_path / "file").touch()
    if command == "export":
        answer = dlapps("classification", "export", xor_run, "--to", tmp_path / "file")
        assert_refused(answer, 1, f"{tmp_path}/file")
        return
    run = tmp_path / "xor_mlp/0"
    run.mkdir(parents=True)
    for name in ("config.yaml", "data.json", "environment.json", "model.keras", "history.csv"):
        (run / name).symlink_to(xor_run / name)
    blocked = {"evaluate": "metrics.json", "explain": "pictures"}[command]
    if command == "evaluate":
        (run / blocked).mkdir()
        (run / blocked / "in the way").touch()
    else:
        (run / blocked).touch()
    assert_refused(dlapps("classification", command, run), 2, f"Cannot write to {run}")


def test_a_gpu_that_is_not_there_is_refused(dlapps, tiny, tmp_path):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    options = ("--run", tmp_path / "run", *tiny, "--set", "training.device=gpu")
    answer = dlapps("classification", "train", "xor_mlp", *options)
    assert_refused(answer, 2, "training.device is gpu", "sees no GPU", "training.device=cpu")


FULL_DISK = """
import resource, signal, sys, threading, time
from pathlib import Path
from cli.main import main

checkpoints = Path(sys.argv[1], "checkpoints")

def fill_the_disk():
    while not list(checkpoints.glob("*/step-*/manifest.json")):
        time.sleep(0.01)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
threading.Thread(target=fill_the_disk, daemon=True).start()
sys.argv = ["dlapps", "classification", "train", *sys.argv[2:], "--run", sys.argv[1]]
main()
"""


def test_a_full_disk_keeps_the_checkpoint_before_it(dlapps, tmp_path):
    """No file may grow past 10 kB once the first checkpoint lies there whole."""
    run = tmp_path / "xor_mlp/0"
    steps = 100_000
    settings = (
        f"training.steps={steps}", "training.checkpoint_every=200", "model.widths=[200, 200]",
        "training.validate_every=100000", "training.log_every=100000",
        "training.precision=float32",
    )  # fmt: skip
    options = [part for setting in settings for part in ("--set", setting)]
    program = [sys.executable, "-c", FULL_DISK, run, "xor_mlp", *options]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    last = max((run / "checkpoints/training").glob("step-*"))
    message = done.stderr.strip().splitlines()[-1]
    assert "could not be written" in message
    assert f"The last good checkpoint is {last}." in message
    assert "Traceback" not in done.stderr
    names = [path.name for path in (run / "checkpoints/training").iterdir()]
    assert all(name.startswith("step-") for name in names), "half a checkpoint is left"
    resumed_at = int(last.name.removeprefix("step-"))
    assert 0 < resumed_at < steps
    assert_continues(dlapps, run, options, resumed_at)


def assert_continues(dlapps, run: Path, options: list[str], step: int) -> None:
    """The same command, with room on the disk and little left to do, goes on from `step`."""
    options[1] = f"training.steps={step + 1}"
    before = weights(run)
    answer = dlapps("classification", "train", "xor_mlp", "--run", run, *options, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["step"] == step + 1
    moved = max(np.abs(a - b).max() for a, b in zip(before, weights(run), strict=True))
    assert 0 < moved < 0.1, "one step from where it was"


def weights(run: Path) -> list[np.ndarray]:
    checkpoint = str(max((run / "checkpoints/training").glob("step-*")) / "model")
    names = [name for name, shape in tf.train.list_variables(checkpoint) if shape == [200, 200]]
    return [tf.train.load_variable(checkpoint, names[0])]
