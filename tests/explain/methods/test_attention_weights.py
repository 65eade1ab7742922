"""Heads are found wherever a Transformer has them; the rollout follows paths through the blocks."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.explain.figures.attention_heads import attention_heads_figure
from dlapps.explain.methods.attention_weights import attention_rollout, attention_weights
from dlapps.models.text.encoder_decoder import encoder_decoder
from dlapps.models.text.transformer_blocks import attention_layers
from dlapps.models.text.transformer_translator import transformer_translator

SOURCE = tf.constant([[5, 6, 7, 2], [5, 6, 2, 0]])


def test_the_heads_of_each_block_and_none_of_a_recurrence():
    keras.utils.set_random_seed(0)
    small = {"size": 8, "num_heads": 2, "num_layers": 3, "feed_forward_size": 8}
    encoder = transformer_translator(9, 9, **small).encoder
    weights = attention_weights(encoder, [SOURCE], attention_layers(encoder))
    assert list(weights) == ["block1_attention", "block2_attention", "block3_attention"]
    for heads in weights.values():
        assert heads.shape == (2, 2, 4, 4)
        assert (heads[1, ..., 3] == 0).all()
        np.testing.assert_allclose(heads.sum(axis=-1), 1, rtol=1e-5)
    recurrent = encoder_decoder(9, 9, units=8, embedding_size=8)
    assert attention_layers(recurrent.encoder) == []


def test_the_rollout_by_hand():
    """Place 0 looks at place 1, which looked at place 2 before."""
    first, second = np.eye(3)[[0, 2, 2]], np.eye(3)[[1, 1, 2]]
    weights = {"first": first[None, None], "second": second[None, None]}
    expected = (second + np.eye(3)) / 2 @ (first + np.eye(3)) / 2
    rollout = attention_rollout(weights)
    np.testing.assert_allclose(rollout[0], expected)
    np.testing.assert_allclose(rollout[0, 0], [0.5, 0.25, 0.25])


def test_each_head_is_drawn_with_its_tokens():
    heads = np.full((2, 3, 3), 1 / 3)
    figure = attention_heads_figure(
        ["a", "$b", "<end>"], {"block1": heads, "block2": heads}, heads[0]
    )
    matrices = [axes for axes in figure.axes if axes.images and axes.get_label() != "<colorbar>"]
    assert [axes.get_title() for axes in matrices[:2]] == ["head 1", "head 2"]
    assert len(matrices) == 5
    assert [label.get_text() for label in matrices[-1].get_xticklabels()] == ["a", "$b", "<end>"]
