"""Occlusion and Score-CAM say what a loop over patches and maps would."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.explain.methods.occlusion import occlusion
from dlapps.explain.methods.score_cam import score_cam


def score(logits: tf.Tensor) -> tf.Tensor:
    return logits[:, 2]


@pytest.mark.parametrize(
    ("size", "stride"), [((4, 3), (2, 2)), ((5, 5), (3, 4)), ((16, 12), (1, 1))]
)
def test_a_place_gets_the_mean_fall_of_the_patches_that_cover_it(network, images, size, stride):
    found = occlusion(network, [tf.constant(images)], score, 2, size=size, stride=stride)
    unhidden = score(network(images)).numpy()
    falls, times = np.zeros(images.shape[:3]), np.zeros(images.shape[1:3])
    ways = [
        sorted({*range(0, side - patch, step), side - patch})
        for side, patch, step in zip(images.shape[1:3], size, stride, strict=True)
    ]
    for top in ways[0]:
        for left in ways[1]:
            patch = np.s_[top : top + size[0], left : left + size[1]]
            hidden = images.copy()
            hidden[:, *patch] = images.mean(axis=(1, 2, 3))[:, None, None, None]
            falls[:, *patch] += (unhidden - score(network(hidden)).numpy())[:, None, None]
            times[patch] += 1
    np.testing.assert_allclose(found, falls / times, atol=1e-5)


def test_a_sentence_is_hidden_token_by_token():
    words = keras.Input((None, 2))
    network = keras.Model(words, keras.ops.sum(words, axis=(1, 2))[:, None])
    sentence = tf.constant([[[1.0, 2.0], [6.0, -3.0], [3.0, 3.0]]])
    found = occlusion(network, [sentence], lambda y: y[:, 0], 1)
    np.testing.assert_allclose(found, [[3 - 4, 3 - 4, 6 - 4]], atol=1e-5)


def test_maps_count_by_what_they_leave_of_the_score(network, images):
    found = score_cam(network, [tf.constant(images)], score, "conv2").numpy()
    maps = keras.Model(network.inputs, network.get_layer("conv2").output)(images).numpy()
    for image, row, expected in zip(images, maps, found, strict=True):
        left = []
        for one in np.moveaxis(row, -1, 0):
            one = one - one.min()
            mask = one / one.max() if one.any() else one
            stretched = tf.image.resize(mask[..., None], image.shape[:2])
            left.append(float(score(network((image * stretched)[None]))[0]))
        weighted = (row * np.exp(left) / np.exp(left).sum()).sum(axis=-1)
        np.testing.assert_allclose(expected, weighted / weighted.max(), atol=1e-5)
