"""Scores of several scales are added up, and every pixel of an image of any size has its own."""

import keras
import numpy as np
import pytest

from dlapps.models.vision.fcn import fcn

X = np.random.default_rng(0).random((2, 50, 70, 3), dtype=np.float32)
SMALL = {"encoder": "vgg16", "weights": "none", "filters": 2}


def test_finer_scores_begin_as_nothing_and_are_added_to_the_coarser():
    """Until something is learned, both are the coarsest scores, interpolated."""
    answers = {}
    for stride in (32, 8):
        keras.utils.set_random_seed(0)
        model = fcn((None, None, 3), 4, stride=stride, **SMALL)
        coarse = keras.Model(model.input, model.get_layer("scores32").output)(X)
        answers[stride] = model(X)
        assert answers[stride].shape == (2, 50, 70, 4)
        assert not model.get_layer("scores").trainable
        # At 16 and 48 pixels from the corner are the middles of the first two places.
        between = (answers[stride][:, 31, 31] + answers[stride][:, 32, 32]) / 2
        np.testing.assert_allclose(between, np.mean(coarse[:, :2, :2], axis=(1, 2)), atol=2e-3)
    kernels = [layer.name for layer in model.layers if layer.name.startswith(("scores", "up"))]
    assert sorted(kernels) == ["scores", "scores16", "scores32", "scores8", "up16", "up8"]


@pytest.mark.parametrize("head_filters", [None, 5])
def test_parameters_are_those_of_the_layers_that_the_paper_adds(head_filters):
    model = fcn((None, None, 3), 4, stride=8, head_filters=head_filters, **SMALL)
    encoder = sum(layer.count_params() for layer in model.layers if layer.name.startswith("block"))
    width = 16  # VGG's last, at two filters for the first
    head = 0 if head_filters is None else 5 * (49 * width + 1) + 5 * (5 + 1)
    scores = 4 * ((head_filters or width) + 1) + 4 * (width + 1) + 4 * (8 + 1)
    enlarging = 4 * 4 * (4**2 + 4**2 + 16**2)
    assert model.count_params() == encoder + head + scores + enlarging


@pytest.mark.parametrize(
    ("head_filters", "names"), [(None, ["dropout"]), (5, ["head1_dropout", "head2_dropout"])]
)
def test_dropout_precedes_the_scores_with_a_head_and_without(head_filters, names):
    options = {"encoder": "vgg16", "weights": "none", "filters": 2, "head_filters": head_filters}
    model = fcn((None, None, 3), 4, dropout=0.4, **options)
    rates = {layer.name: layer.rate for layer in model.layers if "dropout" in layer.name}
    assert rates == dict.fromkeys(names, 0.4)
