"""Decoding of recordings that training, prediction and the exported graph share."""

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
import soundfile
import soxr
import tensorflow as tf
from pydantic import Field

from dlapps.data.sources.user_files import open_file
from dlapps.errors import UsageError, in_short

FULL_SCALE = 32768.0
"""What a sample of 16 bits is divided by to lie in [-1, 1)."""

# A header may claim any rate, and resampling from 1 Hz or to 1 GHz takes gigabytes.
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000
SampleRate = Annotated[int, Field(ge=LOWEST_RATE, le=HIGHEST_RATE)]
"""Samples a second."""
MOST_SAMPLES = 2**28
"""Of all channels together, 1 GiB: a FLAC file of a few bytes may stand for days of silence."""
AT_A_TIME = 2**20
"""Samples that are decoded at once: a header may promise more than memory holds."""
FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3")
RECORDING_FILE = "a WAV, FLAC, OGG or MP3 file this program can read"


def decode_wav(contents: tf.Tensor, sample_rate: int, num_samples: int) -> tf.Tensor:
    """Returns float32 [num_samples] in [-1, 1], made to fit, of what `decode_waveform` takes."""
    return fit_length(decode_waveform(contents, sample_rate)[tf.newaxis], num_samples)[0]


def decode_waveform(contents: tf.Tensor, sample_rate: int) -> tf.Tensor:
    """Returns float32 [length] in [-1, 1] from the bytes of a WAV file of 16-bit PCM.

    Channels are averaged, and another rate is resampled.
    `contents` is a scalar string. Usable in `tf.function`, `tf.map_fn` and a SavedModel, where
    anything else, a file without samples and a rate out of bounds are an InvalidArgumentError.
    """
    start = tf.strings.substr(contents, 0, 16)
    is_wav = tf.strings.regex_full_match(start, r"RIFF\C{4}WAVEfmt ")
    # The decoder quotes a wrong start in its error, and Python fails to read those bytes as text.
    samples, rate = tf.audio.decode_wav(tf.where(is_wav, contents, b""))
    checks = [
        tf.debugging.assert_positive(tf.shape(samples)[0], "The WAV file holds no samples."),
        tf.debugging.assert_greater_equal(rate, LOWEST_RATE, "The sample rate is too low."),
        tf.debugging.assert_less_equal(rate, HIGHEST_RATE, "The sample rate is too high."),
    ]
    # Eagerly, an assertion that holds gives nothing to depend on.
    with tf.control_dependencies([check for check in checks if check is not None]):
        mono = tf.reduce_mean(samples, axis=1)
        is_right = rate == sample_rate
        return tf.cond(is_right, lambda: mono, lambda: resample(mono, rate, sample_rate))


def decode_wavs(contents: tf.Tensor, sample_rate: int, num_samples: int) -> tf.Tensor:
    """Returns float32 [N, num_samples] from N files' bytes, as `decode_wav` does."""
    return tf.map_fn(
        lambda file: decode_wav(file, sample_rate, num_samples),
        contents,
        fn_output_signature=tf.TensorSpec([num_samples], tf.float32),
    )


def decode_waveforms(contents: tf.Tensor, sample_rate: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns float32 [N, T], silent after their ends, and lengths [N] from N files' bytes."""
    waveforms = tf.map_fn(
        lambda file: decode_waveform(file, sample_rate),
        contents,
        fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0),
    )
    return waveforms.to_tensor(), tf.cast(waveforms.row_lengths(), tf.int32)


def read_recording(path: str | Path) -> tuple[np.ndarray, int]:
    """Returns the samples of a file, float32 [length, channels] in [-1, 1], and its rate.

    WAV (integers of any width, floats), FLAC, OGG (Vorbis, Opus) and MP3 are read, whatever the
    file is called. Raises UsageError, which names the file, when it cannot be read, is none of
    these, holds no samples, or claims to be what no recording is.
    """
    name = in_short(str(path))
    try:
        with open_file(path) as file:
            return _decode(file, name)
    except FileNotFoundError:
        raise UsageError(f"There is no recording {name}.") from None
    except OSError as error:
        raise UsageError(f"The recording {name} cannot be read: {error.strerror}.") from error


def read_as_served(path: str | Path, sample_rate: int) -> bytes:
    """The recording in a form that the exported graph decodes: WAV of 16 bits, at `sample_rate`.

    Raises UsageError as `read_recording` does.
    """
    samples, rate = read_recording(path)
    return encode_wav(to_integers(resampled(samples, rate, sample_rate)), sample_rate)


def _decode(file: BinaryIO, name: str) -> tuple[np.ndarray, int]:
    try:
        with soundfile.SoundFile(file) as sound:
            if sound.format not in FORMATS:
                raise UsageError(f"{name} is not {RECORDING_FILE}.")
            rate = sound.samplerate
            if not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise UsageError(
                    f"The recording {name} has {rate:,} samples a second; read are "
                    f"{LOWEST_RATE:,} to {HIGHEST_RATE:,}."
                )
            samples = _all_samples(sound, name)
    except soundfile.LibsndfileError as error:
        raise UsageError(f"{name} is not {RECORDING_FILE}.") from error
    if not len(samples):
        raise UsageError(f"The recording {name} is empty: it holds no samples.")
    if not np.all(np.isfinite(samples)):
        raise UsageError(f"The recording {name} has samples that are no numbers, or infinite.")
    return np.clip(samples, -1, 1), rate


def _all_samples(sound: soundfile.SoundFile, name: str) -> np.ndarray:
    """Returns float32 [length, channels]."""
    blocks = [np.zeros((0, sound.channels), np.float32)]
    at_once = max(AT_A_TIME // sound.channels, 1)
    while len(block := sound.read(at_once, dtype="float32", always_2d=True)):
        blocks.append(block)
        if sum(block.size for block in blocks) > MOST_SAMPLES:
            raise UsageError(
                f"The recording {name} is too long: it holds more than {MOST_SAMPLES:,} samples."
            )
    return np.concatenate(blocks)


def resampled(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Returns float32 [length * new_rate / rate, channels] of samples [length, channels]."""
    if rate == new_rate:
        return samples
    return np.clip(soxr.resample(samples, rate, new_rate), -1, 1)


def resample(waveform: tf.Tensor, rate: tf.Tensor, new_rate: int) -> tf.Tensor:
    """Returns float32 [length * new_rate / rate] of a waveform [length], free of aliases.

    Frequencies are cut off or filled up in the spectrum of the whole, as in scipy.signal.resample;
    silence behind it keeps its end from ringing into its beginning.
    """
    length = tf.cast(tf.shape(waveform)[0], tf.float64)
    ratio = tf.cast(new_rate, tf.float64) / tf.cast(rate, tf.float64)
    # A whole number of seconds has a whole number of samples at either rate.
    seconds = tf.cast(tf.math.ceil(length / tf.cast(rate, tf.float64)), tf.int32) + 1
    padded = tf.pad(waveform, [[0, seconds * rate - tf.shape(waveform)[0]]])
    spectrum = tf.signal.rfft(padded)
    new_length = seconds * new_rate
    kept = tf.minimum(rate, new_rate) * seconds // 2
    # irfft fills up with zeros what the spectrum lacks.
    resampled = tf.signal.irfft(spectrum[:kept], [new_length]) * tf.cast(ratio, tf.float32)
    wanted = tf.maximum(tf.cast(tf.round(length * ratio), tf.int32), 1)
    return tf.clip_by_value(resampled[:wanted], -1.0, 1.0)


def fit_length(waveforms: tf.Tensor, num_samples: int) -> tf.Tensor:
    """Returns [N, num_samples] of waveforms [N, length].

    Shorter ones come into the middle of silence; of longer ones the stretch of the greatest
    energy is taken, where the word is.
    """
    length = tf.shape(waveforms)[1]
    missing = tf.maximum(num_samples - length, 0)
    padded = tf.pad(waveforms, [[0, 0], [missing // 2, missing - missing // 2]])
    energy = tf.cumsum(tf.square(tf.cast(padded, tf.float64)), axis=1)
    energy = tf.pad(energy, [[0, 0], [1, 0]])
    start = tf.argmax(energy[:, num_samples:] - energy[:, :-num_samples], axis=1)
    places = start[:, tf.newaxis] + tf.range(num_samples, dtype=tf.int64)
    return tf.ensure_shape(tf.gather(padded, places, batch_dims=1), [None, num_samples])


@lru_cache(maxsize=8)
def clip_maker(sample_rate: int, num_samples: int) -> Callable[[np.ndarray, int], np.ndarray]:
    """Returns what makes clips of one form, for many files in a row.

    It takes samples [length, channels] and their rate, and gives float32 [num_samples].
    """

    @tf.function(input_signature=[tf.TensorSpec([1, None], tf.float32)])
    def fitted(waveform: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            return fit_length(waveform, num_samples)

    def make(samples: np.ndarray, rate: int) -> np.ndarray:
        mono = resampled(samples, rate, sample_rate).mean(axis=1)
        return fitted(mono[np.newaxis])[0].numpy()

    return make


def to_integers(waveform: tf.Tensor | np.ndarray) -> np.ndarray:
    """Returns a waveform in [-1, 1] as int16: what most files hold, in half the memory."""
    scaled = np.round(np.asarray(waveform) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def to_floats(waveform: tf.Tensor | np.ndarray) -> tf.Tensor:
    """Returns int16 samples as float32 in [-1, 1)."""
    return tf.cast(waveform, tf.float32) / FULL_SCALE


def encode_wav(waveform: np.ndarray, sample_rate: int) -> bytes:
    """Returns the bytes of a WAV file of int16 samples [length] or [length, channels]."""
    file = io.BytesIO()
    soundfile.write(file, waveform, sample_rate, format="WAV", subtype="PCM_16")
    return file.getvalue()
