"""Spectrograms, attention and answers are drawn for what was heard."""

import numpy as np
import pytest

from dlapps.applications.speech.pictures import (
    attention_by_class,
    heard_figure,
    heard_relevance_figure,
    mistaken_spectrograms,
    relevance_figure,
)
from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.methods.catalogue import METHODS

RANDOM = np.random.default_rng(0)
NAMES = ("yes", "no")


WAVEFORM = RANDOM.uniform(-1, 1, 4000)


def test_one_recording_with_attention_below_and_its_answer_beside():
    spectrogram, attention = RANDOM.random((30, 12)), RANDOM.random(30)
    answer = {"yes": 0.2, "no": 0.8}
    frequencies = np.linspace(60, 4000, 12)
    figure = heard_figure(
        "a $ clip.wav", WAVEFORM, spectrogram, 0.5, frequencies, answer, attention
    )
    wave, picture, below, bars = figure.axes
    (pieces,) = wave.collections
    lines = np.array([piece[:, 1] for piece in pieces.get_segments()])
    np.testing.assert_allclose([lines.min(), lines.max()], [WAVEFORM.min(), WAVEFORM.max()])
    np.testing.assert_array_equal(picture.images[0].get_array(), spectrogram.T)
    assert picture.get_xlim() == (0, 0.5)
    assert below.get_ylabel() == "Attention"
    assert [label.get_text() for label in bars.get_yticklabels()] == ["no", "yes"]
    assert png_bytes(figure).startswith(b"\x89PNG")
    plain = heard_figure("clip", WAVEFORM, spectrogram, 0.5, frequencies, answer)
    assert len(plain.axes) == 3


def test_relevance_is_laid_over_the_spectrogram_and_opaque_where_it_is_large():
    relevance = np.zeros((30, 12))
    relevance[4, 2], relevance[20, 9] = 2.0, -1.0
    frequencies = np.linspace(60, 4000, 12)
    found = Relevance(relevance, METHODS["gradient_times_input"])
    spectrogram = RANDOM.random((30, 12))
    figure = relevance_figure("a $ clip.wav", WAVEFORM, spectrogram, 0.5, frequencies, found)
    wave, middle, below, scale = figure.axes
    _, overlay = below.images
    assert overlay.get_extent() == middle.images[0].get_extent() == [0, 0.5, 0, 12]
    assert wave.get_xlim() == below.get_xlim() == (0, 0.5)
    shown = np.asarray(overlay.get_array())
    assert shown.shape == (12, 30, 4)
    assert np.count_nonzero(shown[..., 3]) == 2
    supports, speaks_against = shown[2, 4], shown[9, 20]
    assert supports[0] > supports[2]
    assert speaks_against[2] > speaks_against[1]
    assert below.get_xlabel() == "Seconds"
    assert middle.get_ylabel() == below.get_ylabel() == "Hertz"
    assert scale.get_ylim()[0] == -scale.get_ylim()[1]
    assert png_bytes(figure).startswith(b"\x89PNG")
    nothing = Relevance(0 * relevance, METHODS["saliency"])
    assert relevance_figure("nothing", WAVEFORM, relevance, 0.5, frequencies, nothing).axes


@pytest.mark.parametrize(("places", "method"), [(4, "grad_cam"), (4000, "gradient_times_input")])
def test_a_waveform_is_coloured_where_its_relevance_is(places, method):
    """By maps, which have fewer places than the picture, and by samples, which are more."""
    waveform = np.sin(np.arange(4000))
    relevance = np.zeros((places, 1))
    relevance[places // 2 :] = 1.0
    figure = heard_relevance_figure(
        "a $ clip.wav",
        waveform,
        RANDOM.random((30, 12)),
        0.5,
        np.linspace(60, 4000, 12),
        Relevance(relevance, METHODS[method]),
    )
    above, below, scale = figure.axes
    assert above.images[0].get_extent() == [0, 0.5, 0, 12]
    _, coloured = below.collections
    opacity = coloured.get_colors()[:, 3]
    quarter = len(opacity) // 4
    assert opacity[:quarter].max() == 0
    assert opacity[-quarter:].min() == 1
    assert (scale.get_ylim()[0] < 0) == METHODS[method].signed
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_only_mistakes_are_shown_the_surest_first():
    spectrograms = RANDOM.random((4, 30, 12))
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.05, 0.95], [0.6, 0.4]])
    labels = np.array([0, 0, 0, 1])
    figure = mistaken_spectrograms(spectrograms, labels, probabilities, NAMES, 1.0)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    for drawn, index in zip(shown, [2, 1, 3], strict=True):
        np.testing.assert_array_equal(drawn, spectrograms[index].T)
    assert figure.axes[0].get_title() == "yes → no 0.95"
    none = mistaken_spectrograms(spectrograms[:1], labels[:1], probabilities[:1], NAMES, 1.0)
    assert "No mistakes" in none.texts[0].get_text()


def test_attention_is_the_mean_of_each_class():
    attention = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    figure = attention_by_class(attention, np.array([0, 0, 1]), (*NAMES, "never"), 1.0)
    means = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(means, [[0.5, 0.5], [0.5, 0.5], [0, 0]])
