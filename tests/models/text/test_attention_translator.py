"""The translator with attention: its two halves agree with the whole, and it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.models.text.attention_translator import attention_translator

SOURCE = tf.constant([[5, 6, 7, 2], [5, 6, 2, 0]])
TARGET = tf.constant([[1, 5, 6], [1, 7, 0]])


@pytest.fixture(params=["gru", "lstm"])
def model(request) -> keras.Model:
    keras.utils.set_random_seed(0)
    options = {"units": 8, "embedding_size": 6, "attention_size": 4}
    return attention_translator(20, 30, cell=request.param, **options)


def logits_of(model, source, target) -> np.ndarray:
    return model({"source": source, "target": target}, training=False).numpy()


def test_step_by_step_as_all_at_once(model):
    whole = logits_of(model, SOURCE, TARGET)
    assert whole.shape == (2, 3, 30)
    memory, states = model.encoder(SOURCE)[:3], model.encoder(SOURCE)[3:]
    for place in range(3):
        step, _, *states = model.decoder([TARGET[:, place : place + 1], *memory, *states])
        np.testing.assert_allclose(step[:, 0], whole[:, place], rtol=1e-5, atol=1e-6)


def test_padding_changes_nothing(model):
    alone = logits_of(model, SOURCE[1:, :3], TARGET[1:, :2])
    np.testing.assert_allclose(
        alone, logits_of(model, SOURCE, TARGET)[1:, :2], rtol=1e-5, atol=1e-6
    )
    weights = model.attention(SOURCE, TARGET).numpy()
    assert weights.shape == (2, 3, 4)
    assert (weights[1, :, 3] == 0).all()


def test_a_saved_model_comes_back_whole(model, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(
        logits_of(loaded, SOURCE, TARGET), logits_of(model, SOURCE, TARGET)
    )
    np.testing.assert_array_equal(loaded.attention(SOURCE, TARGET), model.attention(SOURCE, TARGET))


def test_after_the_embedding_the_network_is_the_same_and_has_gradients(model, tmp_path):
    embedded = model.embedded(SOURCE)
    for network in (model.after_embedding(), model.after_embedding()):
        with tf.GradientTape() as tape:
            tape.watch(embedded)
            logits = network([embedded, SOURCE, TARGET], training=False)
        np.testing.assert_allclose(logits, logits_of(model, SOURCE, TARGET), atol=1e-5)
        slopes = tape.gradient(logits, embedded).numpy()
        assert (np.abs(slopes).max(axis=-1) > 0).tolist() == (SOURCE != 0).numpy().tolist()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    again = loaded.after_embedding()([loaded.embedded(SOURCE), SOURCE, TARGET], training=False)
    np.testing.assert_allclose(again, logits, atol=1e-5)
    loaded.save(tmp_path / "again.keras")
    keras.saving.load_model(tmp_path / "again.keras", compile=False)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_plain_fit_learns_to_reverse(cell):
    """Which cannot be done without looking at the source: its unigram loss would be 1.39."""
    keras.utils.set_random_seed(0)
    options = {"units": 16, "embedding_size": 16, "attention_size": 16, "dropout": 0.0}
    model = attention_translator(20, 30, cell=cell, **options)
    source = np.random.default_rng(0).integers(4, 8, (64, 4)).astype(np.int32)
    target = source[:, ::-1]
    inputs = {"source": source, "target": np.pad(target[:, :-1], [(0, 0), (1, 0)])}
    model.compile(keras.optimizers.Adam(0.02), SmoothedCrossentropy())
    history = model.fit(inputs, target, batch_size=32, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.2
