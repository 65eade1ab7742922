"""What tests/test_applications.py needs to know of captioners."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.datasets.captioned_shapes import make_captioned_shapes

SMALL = {
    "show_and_tell": ["model.units=16", "model.embedding_size=8"],
    "show_attend_and_tell": ["model.units=16", "model.embedding_size=8", "model.value_size=8"],
    "transformer_captioner": ["model.size=8", "model.num_heads=2", "model.feed_forward_size=16"],
}


def make_files(directory: Path) -> None:
    """Twenty scenes with their captions, from three to four each."""
    images, captions = make_captioned_shapes(20, size=48)
    for number, image in enumerate(images):
        Image.fromarray(image).save(directory / f"{number}.png")
    lines = [f"{n}.png\t{text}\n" for n, of_photo in enumerate(captions) for text in of_photo]
    (directory / "captions.tsv").write_text("".join(lines))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    small = [*SMALL[config["model"]["name"]], "data.batch_size=8", "decoding.max_length=6"]
    if config["data"]["name"] == "shapes":
        return [*small, "data.num_examples=20"]
    small += ["encoder={name: squeezenet, weights: none, side: 40}", "data.image_size=[48, 32]"]
    if config["model"]["name"] == "show_attend_and_tell":
        small += ["decoding.n_best=3", "training.monitor=cider", "training.mode=max"]
    return [*small, "data.name=caption_folder", f"data.path={directory}", "data.min_count=1"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data."""
    return [f"{directory}/0.png", f"{directory}/7.png"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    scores = [metrics[f"bleu_{longest}"] for longest in range(1, 5)]
    assert all(0 <= score <= 100 for score in scores)
    assert 0 <= metrics["cider"] <= 10
    assert 1 <= metrics["distinct_captions"] <= metrics["captions"]


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(image_bytes=tf.constant([Path(text).read_bytes() for text in inputs]))
    captions = [text.decode() for text in served["caption"].numpy()]
    assert captions == [record["caption"] for record in answers]
    np.testing.assert_allclose(served["score"], [each["score"] for each in answers], atol=1e-5)
    if "alternatives" in served:
        assert served["alternatives"].numpy().tolist() == [
            [each["caption"].encode() for each in record["alternatives"]] for record in answers
        ]
        np.testing.assert_array_equal(served["alternatives"][:, 0], served["caption"])
