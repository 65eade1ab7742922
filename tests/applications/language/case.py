"""What tests/test_applications.py needs to know of language models."""

import itertools
from pathlib import Path

import numpy as np
import tensorflow as tf

WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "then", "it", "ran")
LENGTH = 12


def make_files(directory: Path) -> None:
    """A text of some thousand characters, in lines."""
    lines = (" ".join(words) for words in itertools.permutations(WORDS, 3))
    (directory / "text.txt").write_text("\n".join(lines) + "\n")


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents a text which a test has, and make it small."""
    small = {
        "recurrent_language_model": ["model.units=8", "model.embedding_size=8"],
        "transformer_language_model": ["model.size=8", "model.num_layers=2", "model.memory=6"],
    }
    return [
        "data.name=text",
        f"data.path={directory}/text.txt",
        "data.truncation=6",
        "data.batch_size=8",
        f"writing.length={LENGTH}",
        *small[config["model"]["name"]],
    ]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on this text."""
    return ["the cat", "a", "the mat\nand then it"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert metrics["tokens"] > 0
    assert metrics["nats_per_token"] > 0
    np.testing.assert_allclose(np.log(metrics["perplexity"]), metrics["nats_per_token"])
    assert metrics["bits_per_character"] > 0


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel goes on otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(
        prompts=tf.constant(inputs),
        temperature=tf.fill([len(inputs)], 0.8),
        seeds=tf.zeros([len(inputs)], tf.int64),
    )
    continued = [text.decode() for text in served["continuation"].numpy()]
    assert continued == [record["continuation"] for record in answers]
