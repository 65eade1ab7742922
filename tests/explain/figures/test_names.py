"""Measures are named as the field names them."""

import pytest

from dlapps.explain.figures.names import field_name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("accuracy", "Accuracy"),
        ("mean_iou", "Mean IoU"),
        ("bleu_signature", "BLEU signature"),
        ("kl_divergence", "KL divergence"),
        ("f1", "F1"),
        ("top_5_accuracy", "Top-5 accuracy"),
        ("validation_loss", "Validation loss"),
    ],
)
def test_names_are_as_in_the_field(name, words):
    assert field_name(name) == words
