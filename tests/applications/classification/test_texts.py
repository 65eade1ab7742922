"""Texts are read by a vocabulary of the training data, cut where they are long, and explained."""

from pathlib import Path

import keras
import numpy as np
import pytest

from dlapps.applications.classification.application import Classification
from dlapps.config.files import find_config, read_text
from dlapps.data.text.vocabulary import END, UNKNOWN
from dlapps.errors import UsageError
from dlapps.explain.explainable import explainer
from dlapps.runs.directory import read_config

TINY = ("model.units=4", "model.embedding_size=4", "data.text.min_count=1")


@pytest.fixture
def classification(tmp_path):
    """One that learns from a TSV of texts of up to 12 words."""
    lines = [f"{name}\t{name} {'x ' * number}\n" for name in "ab" for number in range(12)]
    (tmp_path / "t.tsv").write_text("".join(lines))

    def build(*settings: str) -> Classification:
        file = find_config("classification", "text_tsv_recurrent")
        options = (*TINY, f"data.path={tmp_path}/t.tsv", *settings)
        return Classification(
            read_config("classification", read_text(file.path), file.name, options)
        )

    return build


def test_tokens_are_those_of_train_and_long_texts_are_cut(classification, caplog):
    data = classification("data.text.max_length=5").build_data()
    assert set(data.spec.text.tokens) == {"a", "b", "x"}
    train = data["train"].columns
    assert train["tokens"].shape[1] == 6
    assert train["length"].max() == 5
    assert UNKNOWN not in train["tokens"]
    rows = np.arange(len(train["length"]))
    assert (train["tokens"][rows, train["length"]] == END).all()
    assert "texts of train have more than 5 tokens" in caplog.text


def test_what_is_explained_is_the_answer_token_by_token(classification):
    application = classification("data.text.max_length=5")
    spec = application.build_data().spec
    keras.utils.set_random_seed(0)
    model = application.build_model(spec)
    (record,) = application.predict(model, spec, ["A b, x x x"], Path())
    assert (record["unknown"], record["tokens_left_out"]) == ([","], 1)
    explainable = application.explainable(model, spec)
    inputs = explainable.prepare("A b, x x x")
    logits = explainable.network(inputs, training=False).numpy()[0]
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(shares, [*record["probabilities"].values()], rtol=1e-4)
    found = explainer(explainable, explainable.methods()[0])(inputs)
    assert found.values.shape == (1, 6)
    axes = explainable.show("A b, x x x", inputs, [found], None).axes[0]
    written = "".join(text.get_text() for text in axes.texts)
    assert written == "ab,xx<end>"
    assert record["label"] in axes.get_title(loc="left")


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (
            "text_tsv_recurrent",
            ("data.name=digits", "data.path=null"),
            "recurrent_classifier reads texts: data.name python_modules or",
        ),
        (
            "digits_lenet5",
            ("data.name=python_modules",),
            "is texts, which are read by model.name recurrent_classifier or",
        ),
    ],
)
def test_networks_go_with_what_they_read(config, settings, message):
    file = find_config("classification", config)
    with pytest.raises(UsageError, match=message):
        read_config("classification", read_text(file.path), file.name, settings)
