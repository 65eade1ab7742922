"""What tests/test_applications.py needs to know of weak localization."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

SMALL = [
    "model.encoder=plain",
    "model.weights=none",
    "model.filters=4",
    "model.stride=4",
    "data.batch_size=4",
    "evaluation.batch_size=4",
    "maps.present_from=0.1",
]
SIDES = ((64, 96), (80, 64))
"""Widths and heights."""


def make_files(directory: Path) -> None:
    """Sixteen images of two sizes with a bright or a red square, or both, as YOLO has them."""
    random = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (directory / kind).mkdir()
    (directory / "classes.txt").write_text("white\nred\n")
    for number in range(16):
        width, height = SIDES[number % 2]
        pixels = random.integers(0, 90, (height, width, 3), np.uint8)
        lines = []
        for label, colour in enumerate(((255, 255, 255), (255, 0, 0))):
            if number % 3 == label:
                continue
            left, top = random.integers(0, 40, 2)
            pixels[top : top + 20, left : left + 20] = colour
            numbers = (left + 10) / width, (top + 10) / height, 20 / width, 20 / height
            lines.append(" ".join(map(str, (label, *numbers))))
        Image.fromarray(pixels).save(directory / "images" / f"{number}.png")
        (directory / "labels" / f"{number}.txt").write_text("\n".join(lines))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a config data which a test has."""
    if config["data"]["name"] == "shapes":
        return [*SMALL, "data.num_examples=20"]
    own = [
        "data.name=box_folder",
        f"data.path={directory}",
        "data.image_size=[64, 64]",
        "data.background=null",
    ]
    return [*SMALL, *own]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data: two sizes."""
    return [f"{directory}/images/0.png", f"{directory}/images/1.png"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert 0 <= metrics["box_accuracy_70"] <= metrics["max_box_accuracy_v2"] <= 1
    assert metrics["max_box_accuracy_v2"] <= metrics["max_box_accuracy_v2_at_own_best"] + 1e-9
    assert 0 <= metrics["mean_average_precision"] <= 1
    assert 0 <= metrics["accuracy"] <= 1


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(image_bytes=tf.constant([Path(text).read_bytes() for text in inputs]))
    served = {name: each.numpy() for name, each in served.items()}
    for row, (text, record) in enumerate(zip(inputs, answers, strict=True)):
        with Image.open(text) as image:
            size = image.size
        for kind in ("drawn", "maps", "mask"):
            with Image.open(record[kind]) as made:
                assert made.size == size
        np.testing.assert_allclose(
            served["probabilities"][row], list(record["present"].values()), atol=1e-3
        )
        assert served["count"][row] == record["count"] == len(record["objects"])
        for place, found in enumerate(record["objects"]):
            told = [found[side] for side in ("left", "top", "right", "bottom")]
            np.testing.assert_allclose(served["boxes"][row, place], told, atol=0.1)
            np.testing.assert_allclose(served["scores"][row, place], found["score"], atol=1e-3)
        assert 0 <= served["maps"][row].min() <= served["maps"][row].max() <= 1
        assert (served["boxes"][row] >= 0).all()
        assert (served["boxes"][row][:, 2:] <= np.add(size, 1e-3)).all()
