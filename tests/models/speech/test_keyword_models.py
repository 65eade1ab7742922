"""The keyword recognisers have the layers of their papers, hear alike in any company, and learn."""

import keras
import numpy as np
import pytest

from dlapps.datasets.tones import make_tones
from dlapps.errors import UsageError
from dlapps.models.speech.attention_lstm import attention_lstm
from dlapps.models.speech.front_end import band_frequencies
from dlapps.models.speech.keyword_cnn import keyword_cnn

BUILDERS = [keyword_cnn, attention_lstm]


def waveforms(count: int, num_samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (count, num_samples)).astype(np.float32)


def inside(model: keras.Model, name: str) -> keras.Model:
    return keras.Model(model.input, model.get_layer(name).output)


def test_the_published_convolutions():
    """On 32 frames of 40 bands: 10.2k and 164.8k weights, pooled by 3 in frequency."""
    model = keyword_cnn(31 * 160, 16000, 14, stride=0.01)
    assert model.get_layer("log_mel").output.shape == (None, 32, 40)
    assert model.get_layer("conv1").count_params() == 20 * 8 * 64 + 64
    assert model.get_layer("pool1").output.shape == (None, 13, 11, 64)
    assert model.get_layer("conv2").count_params() == 10 * 4 * 64 * 64 + 64
    assert model.get_layer("hidden").count_params() == 32 * 128 + 128
    assert model.output.shape == (None, 14)


def test_the_published_attention():
    model = attention_lstm(16000, 16000, 20, num_bands=80, stride=0.008)
    assert model.get_layer("log_mel").output.shape == (None, 126, 80)
    assert model.get_layer("lstm2").output.shape == (None, 126, 128)
    assert model.get_layer("attention").output.shape == (None, 126)
    short = attention_lstm(800, 8000, 3)
    attention = inside(short, "attention")(waveforms(3, 800))
    np.testing.assert_allclose(np.sum(attention, axis=1), 1, atol=1e-5)
    # de Andrade et al. state 202k parameters.
    assert model.count_params() == pytest.approx(202_000, rel=0.01)


@pytest.mark.parametrize("builder", BUILDERS)
def test_an_answer_depends_on_no_neighbour_and_on_no_volume(builder):
    model = builder(800, 8000, 5)
    x = waveforms(4, 800) * np.array([[1.0], [0.01], [3.0], [0.1]], np.float32)
    together = model(x)
    for row in range(4):
        np.testing.assert_allclose(model(x[row : row + 1]), together[row : row + 1], atol=1e-5)
    np.testing.assert_allclose(model(5 * x[:1]), together[:1], atol=1e-4)


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_saved_network_answers_the_same(tmp_path, builder):
    model = builder(800, 8000, 5, dropout=0.2, time_masking=0.2, frequency_masking=0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(waveforms(2, 800)), loaded(waveforms(2, 800)))


@pytest.mark.parametrize("builder", BUILDERS)
def test_silence_and_the_shortest_clip_are_answered(builder):
    model = builder(800, 8000, 3)
    assert np.isfinite(model(np.zeros((2, 800), np.float32))).all()


@pytest.mark.parametrize(("num_samples", "stride"), [(8000, 0.5), (400, 0.02), (8000, 1e-5)])
def test_a_stride_that_does_not_suit_the_clips_is_refused(num_samples, stride):
    with pytest.raises(UsageError, match=f"model.stride {stride} .* clips of {num_samples} samp"):
        keyword_cnn(num_samples, 8000, 3, stride=stride)


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 2500.0])
def test_a_tone_is_loudest_in_its_band(frequency):
    model = inside(keyword_cnn(8000, 8000, 3), "log_mel")
    tone = np.sin(2 * np.pi * frequency * np.arange(8000) / 8000)
    loudest = np.argmax(model(tone[None].astype(np.float32))[0, 20])
    frequencies = band_frequencies(40, 8000)
    assert abs(loudest - np.argmin(np.abs(frequencies - frequency))) <= 1


@pytest.mark.parametrize(
    ("builder", "size"), [(keyword_cnn, {"filters": 8}), (attention_lstm, {"units": 16})]
)
def test_plain_fit_tells_two_keys_apart(builder, size):
    clips, keys = make_tones(12 * 16, 1600)
    x, y = clips[keys < 2].astype(np.float32) / 32768, keys[keys < 2]
    keras.utils.set_random_seed(0)
    model = builder(1600, 8000, 2, **size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    history = model.fit(x, y, epochs=15, batch_size=8, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
