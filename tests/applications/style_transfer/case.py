"""What tests/test_applications.py needs to know of style transfer."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

SIDE = 40
SMALL = {
    "fast_style_transfer": ["model.filters=2", "model.residual_blocks=1"],
    "gatys_style_transfer": [],
    "deep_dream": ["model.layers=[fire4]", "model.octaves=2", "model.octave_scale=1.2"],
}


def make_files(directory: Path) -> None:
    """Six colour images of two sizes, with fewer and with more pixels than are learned from."""
    random = np.random.default_rng(0)
    for number in range(6):
        size = (9, 14, 3) if number % 2 else (40, 36, 3)
        pixels = random.integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(directory / f"{number}.png")


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a config data which a test has, and make it small."""
    settings = [
        *SMALL[config["model"]["name"]],
        "features.weights=none",
        "data.style_size=40",
        f"data.image_size=[{SIDE}, {SIDE + 5}]",
    ]
    if config["data"]["name"] == "image_folder":
        return [*settings, f"data.path={directory}", f"data.style={directory}/0.png"]
    if config["data"]["name"] == "image":
        return [*settings, f"data.path={directory}/1.png", f"data.style={directory}/0.png"]
    return [*settings, "data.num_examples=8"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked: photos of two sizes, or one picture in two sizes."""
    if config["model"]["name"] == "fast_style_transfer":
        return [f"{directory}/0.png", f"{directory}/1.png"]
    return [str(SIDE + 5), "18"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    parts = [value for name, value in metrics.items() if name not in ("num_examples", "loss")]
    assert metrics["num_examples"] > 0
    assert parts
    np.testing.assert_allclose(metrics["loss"], sum(parts), rtol=1e-6)
    assert np.isfinite(metrics["loss"])


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    if inputs[0].isdigit():
        served = serve(longer_side=tf.constant([int(text) for text in inputs], tf.int64))
        sizes = [(SIDE + 5, SIDE), (18, 16)]
    else:
        served = serve(image_bytes=tf.constant([Path(text).read_bytes() for text in inputs]))
        sizes = [Image.open(text).size for text in inputs]
    pngs = served["picture_png_bytes"].numpy()
    for png, answer, size in zip(pngs, answers, sizes, strict=True):
        with Image.open(answer["picture"]) as file, Image.open(io.BytesIO(png)) as served_file:
            assert file.size == served_file.size == size
            picture, served_picture = (np.asarray(each).astype(int) for each in (file, served_file))
        # Half-way between two bytes, rounding chooses.
        assert np.abs(picture - served_picture).max() <= 1
        assert np.mean(picture != served_picture) < 1e-2
