"""The loss of a segmentation weighs classes as its settings and its training images say."""

import pytest

from dlapps.applications import load_application
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config

CONFIG = """
application: segmentation
data: {name: shapes, num_examples: 20}
model: {name: unet, filters: 2, depth: 1}
training: {steps: 1, learning_rate: 1e-3}
"""


def application(*settings: str):
    return load_application("segmentation")(read_config("segmentation", CONFIG, "test", settings))


def test_balanced_weights_are_those_of_the_training_images():
    balanced = application("loss.class_weights=balanced", "loss.focal_gamma=2")
    data = balanced.build_data()
    loss = balanced.build_model(data.spec).loss
    background, *things = loss.class_weights
    assert all(0 < background < thing for thing in things)
    assert loss.focal_gamma == 2
    plain = application()
    spec = plain.build_data().spec
    assert spec.balancing_weights is plain.build_model(spec).loss.class_weights is None


def test_there_is_one_weight_a_class():
    listed = application("loss.class_weights=[1, 2, 3, 4]")
    spec = listed.build_data().spec
    assert listed.build_model(spec).loss.class_weights == (1, 2, 3, 4)
    wrong = application("loss.class_weights=[1, 2, 3]")
    with pytest.raises(UsageError, match="3 numbers, but there are 4 classes: background, circle"):
        wrong.build_model(spec)
