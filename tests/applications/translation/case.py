"""What tests/test_applications.py needs to know of translators."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from dlapps.datasets.number_words import english, german


def make_files(directory: Path) -> None:
    """A TSV of forty numbers, and the same pairs as two files."""
    pairs = [(german(number), english(number)) for number in range(7, 2007, 50)]
    (directory / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    for name, side in zip(("de", "en"), zip(*pairs, strict=True), strict=True):
        (directory / f"pairs.{name}").write_text("".join(f"{line}\n" for line in side))


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a YAML's contents data which a test has, and make it small."""
    if config["model"]["name"] == "transformer_translator":
        small = ["model.num_layers=1", "model.num_heads=2"]
        small += ["model.size=16", "model.feed_forward_size=16"]
    else:
        small = ["model.units=16", "model.embedding_size=8"]
    small += ["data.batch_size=16", "decoding.max_length=6"]
    if config["data"]["name"] == "number_words":
        return small
    small += ["data.source_unit=subwords", "data.target_unit=subwords", "data.num_merges=40"]
    small += ["decoding.n_best=3", "training.monitor=bleu", "training.mode=max"]
    small += ["data.source_language=de", "data.target_language=en"]
    return [*small, "data.name=tsv", "data.min_count=1", f"data.path={directory}/pairs.tsv"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data."""
    return ["siebenundzwanzig", "Zwölf!", "dreitausend"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    assert 0 <= metrics["bleu"] <= 100
    assert 0 <= metrics["chrf"] <= 100
    in_buckets = [bucket["sentences"] for bucket in metrics["bleu_by_length"]]
    assert sum(in_buckets) == metrics["sentences"]
    assert metrics["sentences_cut"] == 0
    assert 0 <= metrics["exact_match"] <= 1
    assert "case:lc" in metrics["bleu_signature"]


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(sentences=tf.constant(inputs))
    translations = [text.decode() for text in served["translation"].numpy()]
    assert translations == [record["translation"] for record in answers]
    scores = [record["score"] for record in answers]
    np.testing.assert_allclose(served["score"], scores, atol=1e-5)
    if "alternatives" in served:
        assert served["alternatives"].numpy().tolist() == [
            [each["translation"].encode() for each in record["alternatives"]] for record in answers
        ]
        np.testing.assert_array_equal(served["alternatives"][:, 0], served["translation"])
        assert (np.diff(served["alternative_scores"], axis=1) <= 0).all()
