"""What tests/test_applications.py needs to know of detection."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

SMALL = [
    "model.encoder=resnet18",
    "model.weights=none",
    "model.encoder_filters=4",
    "model.channels=8",
    "model.head_layers=1",
    "model.head_groups=4",
    "model.num_levels=2",
    "data.batch_size=4",
    "evaluation.batch_size=4",
    "suppression.max_detections=20",
    "suppression.score_threshold=0.002",
    "suppression.counted_from=0.002",
]
SIDES = ((64, 96), (80, 64))
"""Widths and heights."""


def make_files(directory: Path) -> None:
    """Twelve images of two sizes, with a bright and a red square in each, as YOLO has them."""
    random = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (directory / kind).mkdir()
    (directory / "classes.txt").write_text("white\nred\n")
    for number in range(12):
        width, height = SIDES[number % 2]
        pixels = random.integers(0, 90, (height, width, 3), np.uint8)
        lines = []
        for label, colour in enumerate(((255, 255, 255), (255, 0, 0))):
            left, top = random.integers(0, 40, 2)
            pixels[top : top + 20, left : left + 20] = colour
            numbers = (left + 10) / width, (top + 10) / height, 20 / width, 20 / height
            lines.append(" ".join(map(str, (label, *numbers))))
        Image.fromarray(pixels).save(directory / "images" / f"{number}.png")
        (directory / "labels" / f"{number}.txt").write_text("\n".join(lines))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a config data which a test has."""
    data = config["data"]["name"]
    if data == "shapes":
        return [*SMALL, "data.num_examples=20"]
    return [*SMALL, "data.name=box_folder", f"data.path={directory}", "data.image_size=[64, 96]"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data: two sizes."""
    return [f"{directory}/images/0.png", f"{directory}/images/1.png"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    whole = metrics["mean_average_precision"]
    assert 0 <= whole <= metrics["average_precision_50"] <= 1
    assert 0 <= metrics["precision"] <= 1
    assert 0 <= metrics["recall"] <= 1
    assert metrics["num_objects"] > 0


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(image_bytes=tf.constant([Path(text).read_bytes() for text in inputs]))
    served = {name: each.numpy() for name, each in served.items()}
    for row, (text, record) in enumerate(zip(inputs, answers, strict=True)):
        with Image.open(text) as image, Image.open(record["drawn"]) as drawn:
            assert drawn.size == image.size
            width, height = image.size
        assert served["count"][row] == record["count"] == len(record["objects"])
        for place, found in enumerate(record["objects"]):
            box, score = served["boxes"][row, place], served["scores"][row, place]
            told = [found[side] for side in ("left", "top", "right", "bottom")]
            np.testing.assert_allclose(box, told, atol=0.1)
            np.testing.assert_allclose(score, found["score"], atol=1e-4)
            assert served["classes"][row, place] >= 0
        inside = served["boxes"][row]
        assert (inside >= -1e-3).all()
        assert (inside[:, [0, 2]] <= width + 1).all()
        assert (inside[:, [1, 3]] <= height + 1).all()
