"""Networks that transcribe hear a recording alike whatever it is padded to, and learn to say it."""

import keras
import numpy as np
import pytest

from dlapps.datasets.tones import KEYS, make_tone_strings
from dlapps.errors import UsageError
from dlapps.layers.reversed_frames import ReversedFrames
from dlapps.models.speech.ctc_crnn import ctc_crnn
from dlapps.models.speech.ctc_lstm import ctc_lstm

SMALL = {"units": 8, "num_bands": 16}
LENGTHS = np.array([6001, 3333, 90], np.int32)


def recordings(size: int = 7000) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (3, size)).astype(np.float32)


def hear(model, waveform, num_samples, training=False):
    return model({"waveform": waveform, "num_samples": num_samples}, training=training)


@pytest.mark.parametrize(("builder", "per_second"), [(ctc_lstm, 100 / 3), (ctc_crnn, 25)])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("features", ["log_mel", "mfcc"])
def test_nothing_depends_on_what_a_recording_is_padded_to(builder, per_second, training, features):
    model = builder(8000, 4, dropout=0.0, features=features, **SMALL)
    together = hear(model, recordings(), LENGTHS, training)
    np.testing.assert_array_equal(together["num_frames"], model.count_frames(LENGTHS))
    for row, length in enumerate(LENGTHS):
        frames = int(together["num_frames"][row])
        assert frames == max(1, np.ceil(np.ceil(length / 80) / 100 * per_second))
        alone = hear(model, recordings()[row : row + 1, :length], LENGTHS[row : row + 1], training)
        assert int(alone["num_frames"][0]) == frames
        ours = np.array(together["logits"][row, :frames])
        np.testing.assert_allclose(ours, alone["logits"][0, :frames], atol=1e-5)


def test_the_first_frame_knows_the_last_and_no_other_row():
    model = ctc_lstm(8000, 4, **SMALL)
    waveform = recordings()
    before = np.array(hear(model, waveform, LENGTHS)["logits"][:, 0])
    waveform[0, 5500:6001] *= 4
    after = np.array(hear(model, waveform, LENGTHS)["logits"][:, 0])
    assert np.abs(after - before)[0].max() > 1e-6
    np.testing.assert_array_equal(after[1:], before[1:])


def test_throats_differ_in_training_only():
    model = ctc_lstm(8000, 4, dropout=0.0, vocal_tract_length=0.2, **SMALL)
    first, second = (np.array(hear(model, recordings(), LENGTHS)["logits"]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    drawn = np.array(hear(model, recordings(), LENGTHS, training=True)["logits"])
    assert np.abs(drawn - first).max() > 1e-4


def test_frames_are_turned_round_within_their_lengths():
    frames = np.arange(8, dtype=np.float32).reshape(2, 4, 1)
    turned = np.array(ReversedFrames()(frames, np.array([3, 4], np.int32)))
    assert turned[..., 0].tolist() == [[2, 1, 0, 3], [7, 6, 5, 4]]


def test_it_learns_to_say_a_string_of_keys_whose_places_it_is_not_told():
    keras.utils.set_random_seed(0)
    clips, strings = make_tone_strings(2, seed=2)
    lengths = np.array([len(clip) for clip in clips], np.int32)
    waveform = np.stack([np.pad(clip, (0, lengths.max() - len(clip))) for clip in clips]) / 32768
    labels = [[KEYS.index(key) for key in string] for string in strings]
    num_labels = np.array([len(row) for row in labels], np.int32)
    padded = np.array([np.pad(row, (0, num_labels.max() - len(row))) for row in labels], np.int32)
    model = ctc_lstm(8000, len(KEYS), units=24, num_layers=1, dropout=0.0)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    x = {"waveform": waveform.astype(np.float32), "num_samples": lengths}
    y = {"labels": padded, "num_labels": num_labels}
    losses = model.fit(x, y, batch_size=2, epochs=40, verbose=0, shuffle=False).history["loss"]
    assert losses[-1] < 1 < losses[0] / 5


def test_too_many_bands_are_refused():
    with pytest.raises(UsageError, match="num_bands 80"):
        ctc_lstm(8000, 4, num_bands=80)
