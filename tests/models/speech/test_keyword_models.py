"""The keyword recognisers have the layers of their papers, hear alike in any company, and learn."""

import keras
import numpy as np
import pytest

from dlapps.datasets.tones import make_tones
from dlapps.errors import UsageError
from dlapps.models.speech.attention_lstm import attention_lstm
from dlapps.models.speech.crnn import crnn
from dlapps.models.speech.ds_cnn import ds_cnn
from dlapps.models.speech.front_end import band_frequencies
from dlapps.models.speech.keyword_cnn import keyword_cnn
from dlapps.models.speech.waveform_cnn import waveform_cnn

ON_SPECTROGRAMS = [keyword_cnn, attention_lstm, ds_cnn, crnn]
BUILDERS = [*ON_SPECTROGRAMS, waveform_cnn]


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


def convolutions(model: keras.Model) -> list:
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


@pytest.mark.parametrize(
    ("size", "kilobytes"), [("small", 38.6), ("medium", 189.2), ("large", 497.6)]
)
def test_the_published_depthwise_separable_networks(size, kilobytes):
    """Zhang et al. state what is kept at 8 bits: the weights, and a layer's maps in and out."""
    model = ds_cnn(48 * 320, 16000, 12, size=size, num_bands=10)
    assert model.get_layer("log_mel").output.shape == (None, 49, 10)
    chosen = convolutions(model)
    # Normalization is folded into the convolution before it, which then has a bias.
    weights = sum(layer.count_params() + layer.output.shape[-1] for layer in chosen)
    weights += model.get_layer("logits").count_params()
    maps = [np.prod(layer.input.shape[1:]) + np.prod(layer.output.shape[1:]) for layer in chosen]
    assert (weights + max(maps)) / 1000 == pytest.approx(kilobytes, abs=0.05)


def test_the_published_convolutional_recurrent_network():
    """Arik et al. state 229k parameters, for 1.5 s in frames of 10 ms and two answers."""
    model = crnn(150 * 160, 16000, 2)
    assert model.get_layer("log_mel").output.shape == (None, 151, 40)
    assert model.get_layer("conv").output.shape == (None, 19, 20, 32)
    assert model.get_layer("gru2").output.shape == (None, 19, 64)
    trained = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert round(trained / 1000) == 229


@pytest.mark.parametrize(
    ("filters", "repeats", "millions"),
    [
        (256, (1,), 0.2),
        (128, (1, 1, 1), 0.5),
        (64, (2, 2, 3, 2), 1.8),
        (64, (4, 4, 4, 4), 3.7),
    ],
    ids=["M3", "M5", "M11", "M18"],
)
def test_the_published_networks_on_waveforms(filters, repeats, millions):
    model = waveform_cnn(32000, 8000, 10, filters=filters, repeats=repeats)
    assert model.get_layer("conv1").output.shape == (None, 8000, 1, filters)
    assert model.get_layer("pool1").output.shape == (None, 2000, 1, filters)
    kernels = sum(layer.count_params() for layer in convolutions(model))
    assert kernels / 1e6 == pytest.approx(millions, abs=0.06)


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
    masking = {"time_masking": 0.2, "frequency_masking": 0.1}
    model = builder(800, 8000, 5, dropout=0.2, **masking if builder in ON_SPECTROGRAMS else {})
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
    ("builder", "size"),
    [
        (keyword_cnn, {"filters": 8}),
        (attention_lstm, {"units": 16}),
        (ds_cnn, {}),
        (crnn, {"filters": 8}),
        (waveform_cnn, {"filters": 8}),
    ],
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
