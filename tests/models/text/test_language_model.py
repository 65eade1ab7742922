"""Language models: the same step by step as at once, and gradients that end where they should."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.models.text.recurrent_language_model import recurrent_language_model
from dlapps.models.text.transformer_language_model import transformer_language_model

TOKENS = np.random.default_rng(0).integers(0, 11, (3, 13)).astype(np.int32)
READ, FOLLOWING = tf.constant(TOKENS[:, :-1]), tf.constant(TOKENS[:, 1:])
BEGINS, GOES_ON = tf.fill([3], True), tf.fill([3], False)


def model_of(**options):
    keras.utils.set_random_seed(0)
    sizes = {"units": 6, "embedding_size": 6, "num_layers": 2}
    return recurrent_language_model(11, **sizes | options)


@pytest.mark.parametrize(
    "build",
    [
        lambda: model_of(cell="simple_rnn"),
        lambda: model_of(cell="gru", layer_normalization=True),
        lambda: model_of(tied=True),
        lambda: transformer_language_model(11, num_layers=2, size=8, num_heads=2, memory=4),
    ],
    ids=["simple", "gru", "tied lstm", "transformer"],
)
def test_step_by_step_as_all_at_once(build):
    model = build()
    whole, last = model.read(READ, model.initial_states(3))
    assert whole.shape == (3, 12, 11)
    states = model.initial_states(3)
    for place in range(12):
        logits, states = model.read(READ[:, place : place + 1], states)
        np.testing.assert_allclose(logits[:, 0], whole[:, place], atol=1e-5)
    for name, state in states.items():
        np.testing.assert_allclose(state, last[name], atol=1e-5)


def test_a_transformer_sees_its_memory_and_nothing_before_it():
    keras.utils.set_random_seed(0)
    model = transformer_language_model(11, num_layers=1, size=8, num_heads=2, memory=4)
    (last,) = model.read(READ, model.initial_states(3))[0][:, -1:].numpy().swapaxes(0, 1)
    of_five, _ = model.read(READ[:, 7:], model.initial_states(3))
    np.testing.assert_allclose(of_five[:, -1], last, atol=1e-5)
    of_four, _ = model.read(READ[:, 8:], model.initial_states(3))
    assert np.abs(of_four[:, -1] - last).max() > 1e-3


def slopes_of(model, *windows):
    """The change of each weight by `train_step` on the windows (tokens, following, begins)."""
    model.compile(keras.optimizers.SGD(1.0), SmoothedCrossentropy())
    model.carry(3)
    before = [weight.numpy() for weight in model.trainable_weights]
    for window in windows[:-1]:
        _, after = model.read(window[0], model.carried)
        for name, state in model.carried.items():
            state.assign(after[name])
    tf.function(model.train_step)(windows[-1])
    return [old - weight.numpy() for old, weight in zip(before, model.trainable_weights)]


def full_slopes(model):
    """The gradients of the loss of all steps, through every step, cell by cell."""
    cells = [model.reader.get_layer(name).cell for name in ("layer1", "layer2")]
    with tf.GradientTape() as tape:
        states = [[tf.zeros([3, 6]), tf.zeros([3, 6])] for _ in cells]
        outputs = []
        for x in tf.unstack(model.embedded(READ), axis=1):
            for number, cell in enumerate(cells):
                x, states[number] = cell(x, states[number])
            outputs.append(x)
        logits = model.get_layer("logits")(tf.stack(outputs, axis=1))
        loss = keras.losses.sparse_categorical_crossentropy(FOLLOWING, logits, from_logits=True)
        loss = tf.reduce_mean(loss)
    return [tf.convert_to_tensor(slope) for slope in tape.gradient(loss, model.trainable_weights)]


def test_a_window_as_long_as_the_text_gives_the_full_gradient():
    truncated = slopes_of(model_of(), (READ, FOLLOWING, BEGINS))
    for ours, full in zip(truncated, full_slopes(model_of()), strict=True):
        np.testing.assert_allclose(ours, full, atol=1e-5)


def test_what_is_carried_counts_and_its_gradient_does_not():
    first = (READ[:, :6], FOLLOWING[:, :6], BEGINS)
    second = READ[:, 6:], FOLLOWING[:, 6:]
    carried = slopes_of(model_of(), first, (*second, GOES_ON))
    forgotten = slopes_of(model_of(), first, (*second, BEGINS))
    assert max(np.abs(a - b).max() for a, b in zip(carried, forgotten)) > 1e-3

    model = model_of()
    with tf.GradientTape() as tape:
        _, states = model.read(READ[:, :6], model.initial_states(3))
        states = {name: tf.stop_gradient(state) for name, state in states.items()}
        logits, _ = model.read(second[0], states)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(second[1], logits))
    for ours, cut in zip(carried, tape.gradient(loss, model.trainable_weights), strict=True):
        np.testing.assert_allclose(ours, tf.convert_to_tensor(cut), atol=1e-5)


def test_a_saved_model_comes_back_whole(tmp_path):
    model = model_of(dropout=0.5, dropout_of="channels")
    model.carry(3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    expected, _ = model.read(READ, model.initial_states(3))
    np.testing.assert_array_equal(loaded.read(READ, loaded.initial_states(3))[0], expected)
