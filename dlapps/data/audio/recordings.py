"""Decoding of recordings that training, prediction and the exported graph share."""

import io
import struct
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field
from scipy.io import wavfile

from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError, in_short

FULL_SCALE = 32768.0
"""What a sample of 16 bits is divided by to lie in [-1, 1)."""

# A header may claim any rate, and resampling from 1 Hz or to 1 GHz takes gigabytes.
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000
SampleRate = Annotated[int, Field(ge=LOWEST_RATE, le=HIGHEST_RATE)]
"""Samples a second."""
MOST_CHANNELS = 1024
WAV_FILE = "a WAV file this program can read"


def decode_wav(contents: tf.Tensor, sample_rate: int, num_samples: int) -> tf.Tensor:
    """Returns float32 [num_samples] in [-1, 1] from the bytes of a WAV file of 16-bit PCM.

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
        return to_clip(samples, rate, sample_rate, num_samples)


def decode_wavs(contents: tf.Tensor, sample_rate: int, num_samples: int) -> tf.Tensor:
    """Returns float32 [N, num_samples] from N files' bytes, as `decode_wav` does."""
    return tf.map_fn(
        lambda file: decode_wav(file, sample_rate, num_samples),
        contents,
        fn_output_signature=tf.TensorSpec([num_samples], tf.float32),
    )


def read_wav(path: str | Path) -> tuple[np.ndarray, int]:
    """Returns the samples of a WAV file, float32 [length, channels] in [-1, 1], and its rate.

    Integers of 8, 16, 24 and 32 bits and floats are read. Raises UsageError, which names the
    file, when it cannot be read, is no WAV file, holds no samples, or claims to be what no
    recording is.
    """
    name = in_short(str(path))
    try:
        contents = read_file(path)
    except FileNotFoundError:
        raise UsageError(f"There is no recording {name}.") from None
    except OSError as error:
        raise UsageError(f"The recording {name} cannot be read: {error.strerror}.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate, samples = wavfile.read(io.BytesIO(contents))
    # A header that contradicts itself makes SciPy divide by zero, reach for what it never read, or
    # ask for widths that there are not.
    except (ValueError, EOFError, struct.error, NameError, ArithmeticError, TypeError) as error:
        raise UsageError(f"{name} is not {WAV_FILE}.") from error
    if not rate:
        raise UsageError(f"The recording {name} has no sample rate: its header says 0.")
    if not len(samples):
        raise UsageError(f"The recording {name} is empty: it holds no samples.")
    if not np.all(np.isfinite(samples)):
        raise UsageError(f"The recording {name} has samples that are no numbers, or infinite.")
    samples = samples.reshape(len(samples), -1)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE or samples.shape[1] > MOST_CHANNELS:
        raise UsageError(
            f"The recording {name} has {rate:,} samples a second in {samples.shape[1]:,} channels; "
            f"read are {LOWEST_RATE:,} to {HIGHEST_RATE:,} in up to {MOST_CHANNELS:,}."
        )
    return _to_unit_interval(samples), rate


def _to_unit_interval(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.uint8:  # The only width that WAV stores without a sign.
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "f":
        return np.clip(samples, -1, 1).astype(np.float32)
    return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)


def to_clip(samples: tf.Tensor, rate: tf.Tensor, sample_rate: int, num_samples: int) -> tf.Tensor:
    """Returns float32 [num_samples] at `sample_rate` of samples [length, channels] at `rate`.

    Channels are averaged, another rate is resampled, and the length made to fit.
    """
    mono = tf.reduce_mean(samples, axis=1)
    mono = tf.cond(rate == sample_rate, lambda: mono, lambda: resample(mono, rate, sample_rate))
    return fit_length(mono[tf.newaxis], num_samples)[0]


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
def clip_maker(sample_rate: int, num_samples: int) -> tf.types.experimental.PolymorphicFunction:
    """Returns `to_clip` for one form of clip as one graph on the CPU, for many files in a row."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32)]
    )
    def make(samples: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            return to_clip(samples, rate, sample_rate, num_samples)

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
    wavfile.write(file, sample_rate, waveform)
    return file.getvalue()
