"""The smallest change that makes a classifier answer otherwise, found and drawn."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.applications.classification.smallest_change import (
    POINT_EPSILONS,
    smallest_change,
    smallest_change_picture,
)
from dlapps.errors import UsageError
from dlapps.explain.methods.adversarial_examples import UNBOUNDED

NAMES = ("dark", "bright")


@pytest.mark.parametrize("target", [None, 0])
def test_of_growing_epsilons_the_first_that_suffices_is_found(brightness, target):
    image = tf.fill((1, 4, 4, 1), 0.6)
    moved, epsilon = smallest_change(brightness, image, 1, target, POINT_EPSILONS, UNBOUNDED)
    assert epsilon == pytest.approx(POINT_EPSILONS[POINT_EPSILONS > 0.1].min())
    assert np.argmax(brightness(moved)) == 0
    assert smallest_change(brightness, image, 1, target, POINT_EPSILONS[:3], UNBOUNDED) is None


def test_a_target_that_is_the_answer_is_refused(brightness):
    with pytest.raises(UsageError, match="is answered bright as it is"):
        smallest_change_picture(brightness, "x.png", tf.ones((1, 4, 4, 1)), 1, NAMES)


def test_a_change_is_drawn_for_images_and_points(dlapps, xor_run, brightness):
    figure = smallest_change_picture(brightness, "x.png", tf.fill((1, 4, 4, 1), 0.6), None, NAMES)
    assert figure.get_suptitle().startswith("x.png: bright (1.00) becomes dark (")
    ask = ("classification", "explain", xor_run, "1,2", "--method", "adversarial")
    answer = dlapps(*ask, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["files"][0].endswith("/1,2_adversarial.png")
    dlapps(*ask, "--layer", "dense1").assert_refused("adversarial looks at the input")
