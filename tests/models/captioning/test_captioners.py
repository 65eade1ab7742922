"""Captioners say at once what they say step by step, and look at the photo as they claim."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.captioning.captioner import photo_captioner
from dlapps.models.captioning.photo_encoder import convolutional_encoder, pretrained_encoder
from dlapps.models.captioning.show_and_tell import show_and_tell
from dlapps.models.captioning.show_attend_and_tell import show_attend_and_tell
from dlapps.models.captioning.transformer_captioner import transformer_captioner

NUM_TOKENS = 11
SMALL = {"units": 6, "embedding_size": 4}
BUILDERS = {
    "show_and_tell": lambda shape: show_and_tell(shape, NUM_TOKENS, **SMALL),
    "show_attend_and_tell": lambda shape: show_attend_and_tell(
        shape, NUM_TOKENS, **SMALL, value_size=5, attention_size=3
    ),
    "transformer_captioner": lambda shape: transformer_captioner(
        shape, NUM_TOKENS, size=8, num_heads=2, feed_forward_size=8
    ),
}
MAPS = np.random.default_rng(0).normal(size=(2, 2, 3, 7)).astype(np.float32)
TARGET = np.array([[1, 5, 6, 4], [1, 8, 9, 10]], np.int32)


@pytest.mark.parametrize("name", BUILDERS)
def test_one_pass_gives_what_steps_give(name):
    captioner = BUILDERS[name](MAPS.shape[1:])
    at_once = captioner({"maps": MAPS, "target": TARGET}, training=False)
    memory, states = captioner.read(MAPS)
    for position in range(TARGET.shape[1]):
        last = tf.constant(TARGET[:, position : position + 1])
        logits, _, *states = captioner.decoder([last, *memory, *states])
        np.testing.assert_allclose(logits[:, 0], at_once[:, position], atol=2e-5)


@pytest.mark.parametrize("name", BUILDERS)
def test_attention_is_over_the_places_of_the_photo_where_there_is_any(name):
    weights = (
        BUILDERS[name](MAPS.shape[1:]).attention(tf.constant(MAPS), tf.constant(TARGET)).numpy()
    )
    assert weights.shape == (2, 4, 2, 3)
    attends = name != "show_and_tell"
    np.testing.assert_allclose(weights.sum(axis=(2, 3)), float(attends), atol=1e-5)


@pytest.mark.parametrize("name", BUILDERS)
def test_what_is_said_follows_from_the_photo(name):
    captioner = BUILDERS[name](MAPS.shape[1:])
    one, other = (captioner({"maps": m, "target": TARGET}) for m in (MAPS, MAPS[::-1]))
    assert np.abs(one - other).max() > 1e-4


def test_a_trained_encoder_stays_as_it_is_and_scales_photos():
    encoder = pretrained_encoder((40, 60, 3), "squeezenet", "none", side=48)
    assert not encoder.trainable_weights
    assert encoder.output_shape[1:] == pretrained_encoder(
        (48, 48, 3), "squeezenet", "none", side=None
    ).output_shape[1:]  # fmt: skip
    assert convolutional_encoder((40, 60, 3)).output_shape[1:3] == (5, 7)


def test_a_saved_captioner_is_the_same(tmp_path):
    encoder = convolutional_encoder((16, 16, 3))
    captioner = BUILDERS["show_attend_and_tell"](encoder.output_shape[1:])
    model = photo_captioner(encoder, captioner)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    inputs = {"image": np.random.default_rng(1).random((2, 16, 16, 3)), "target": TARGET}
    np.testing.assert_allclose(loaded(inputs), model(inputs), atol=1e-6)
    assert loaded.captioner.decoder.name == "decoder"
    assert loaded.encoder.output_shape == encoder.output_shape
