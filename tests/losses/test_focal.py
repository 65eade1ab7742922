"""The focal loss is the paper's formula, and lets what is easy count for little."""

import numpy as np

from dlapps.losses.focal import focal_loss


def test_it_is_the_formula_of_the_paper():
    logits = np.linspace(-6, 6, 13).astype(np.float32)
    for target in (0.0, 1.0):
        probability = 1 / (1 + np.exp(-logits))
        true = probability if target else 1 - probability
        alpha = 0.25 if target else 0.75
        expected = -alpha * (1 - true) ** 2 * np.log(true)
        found = np.asarray(focal_loss(np.full_like(logits, target), logits))
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_without_focus_it_is_half_the_crossentropy():
    logits = np.array([-2.0, 0.0, 3.0], np.float32)
    found = np.asarray(focal_loss(np.ones(3, np.float32), logits, alpha=0.5, gamma=0.0))
    np.testing.assert_allclose(found, 0.5 * np.log1p(np.exp(-logits)), rtol=1e-5)


def test_very_sure_answers_have_finite_losses():
    logits = np.array([-1e4, 1e4], np.float32)
    found = np.asarray(focal_loss(np.array([1.0, 1.0], np.float32), logits))
    np.testing.assert_allclose(found, [2500.0, 0.0])
