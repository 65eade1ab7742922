"""Every translator: its two halves agree with the whole, and it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.models.text.attention_translator import attention_translator
from dlapps.models.text.encoder_decoder import encoder_decoder
from dlapps.models.text.transformer_translator import transformer_translator

SOURCE = tf.constant([[5, 6, 7, 2], [5, 6, 2, 0]])
TARGET = tf.constant([[1, 5, 6], [1, 7, 0]])


RECURRENT = {"units": 8, "embedding_size": 6}
TRANSFORMER = {"size": 8, "feed_forward_size": 12, "num_heads": 2, "num_layers": 2}
NETWORKS = {
    "additive": (attention_translator, RECURRENT),
    "additive lstm": (attention_translator, {**RECURRENT, "cell": "lstm"}),
    "dot": (attention_translator, {**RECURRENT, "attention": "dot"}),
    "general": (attention_translator, {**RECURRENT, "attention": "general", "cell": "lstm"}),
    "concat": (attention_translator, {**RECURRENT, "attention": "concat"}),
    "none": (encoder_decoder, RECURRENT),
    "none lstm": (encoder_decoder, {**RECURRENT, "cell": "lstm"}),
    "sinusoidal": (transformer_translator, TRANSFORMER),
    "learned": (transformer_translator, {**TRANSFORMER, "positions": "learned"}),
    "rotary": (transformer_translator, {**TRANSFORMER, "positions": "rotary"}),
}


@pytest.fixture(params=["additive", "dot", "none", "rotary"])
def model(request) -> keras.Model:
    keras.utils.set_random_seed(0)
    builder, options = NETWORKS[request.param]
    return builder(20, 30, **options)


def logits_of(model, source, target) -> np.ndarray:
    return model({"source": source, "target": target}, training=False).numpy()


@pytest.mark.parametrize("model", NETWORKS, indirect=True)
def test_step_by_step_as_all_at_once(model):
    whole = logits_of(model, SOURCE, TARGET)
    assert whole.shape == (2, 3, 30)
    encoded = model.encoder(SOURCE)
    memory, states = encoded[: model.memory_size], encoded[model.memory_size :]
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
    np.testing.assert_allclose(weights.sum(axis=-1), model.looks_back, rtol=1e-5)


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


@pytest.mark.parametrize("name", ["additive", "dot", "none", "sinusoidal"])
def test_plain_fit_learns_to_reverse(name):
    """Which cannot be done without looking at the source: its unigram loss would be 1.39."""
    keras.utils.set_random_seed(0)
    builder, options = NETWORKS[name]
    larger = {name: 16 for name in ("units", "embedding_size", "size") if name in options}
    larger |= {"num_layers": 1} if "num_layers" in options else {}
    model = builder(20, 30, **{**options, **larger, "dropout": 0.0})
    source = np.random.default_rng(0).integers(4, 8, (64, 4)).astype(np.int32)
    target = source[:, ::-1]
    inputs = {"source": source, "target": np.pad(target[:, :-1], [(0, 0), (1, 0)])}
    model.compile(keras.optimizers.Adam(0.02), SmoothedCrossentropy())
    history = model.fit(inputs, target, batch_size=32, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 1
