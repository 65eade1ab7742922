"""Random hearings of recordings, computed from numbers that were drawn elsewhere."""

from functools import lru_cache
from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field, field_validator
from scipy.fft import next_fast_len

from dlapps.config.section import Fraction, Section
from dlapps.data.audio.pitch import samples_at, transposed

Decibels = Annotated[float, Field(ge=-100, le=100)]


class WaveformAugmentation(Section):
    """How far a recording may be changed; what is zero or left out changes nothing."""

    shift: Annotated[float, Field(ge=0)] = 0.0
    """Seconds earlier or later."""
    speed: Fraction = 0.0
    """Fraction faster or slower, and higher or lower with it (Ko et al. 2015)."""
    gain: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Decibels louder or softer."""
    pitch: Annotated[float, Field(ge=0, le=12)] = 0.0
    """Semitones higher or lower, while nothing becomes faster or slower."""
    echo: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Seconds in which the longest echo of a room fades by 60 dB."""
    colour: Annotated[float, Field(ge=0, le=40)] = 0.0
    """Decibels by which some frequencies become louder and others softer, as by another microphone
    (Nam, Kim, Park 2022): drawn for each octave, and in between for what lies between."""
    noise: tuple[Decibels, Decibels] | None = None
    """The least and the greatest ratio of signal to noise, in decibels: [5, 30]. Each recording
    gets some, white or pink; a ratio is between powers over the whole clip."""

    @field_validator("noise")
    @classmethod
    def _in_order(cls, noise: tuple[float, float] | None) -> tuple[float, float] | None:
        if noise is not None and noise[0] > noise[1]:
            raise ValueError("the first ratio is greater than the second")
        return noise

    @property
    def num_draws(self) -> int:
        """Uniform random numbers that one recording needs."""
        # More of them would be others, and change what the runs heard that do with less.
        if self.colour:
            return NUM_DRAWS + NUM_OCTAVES
        further = self.gain or self.pitch or self.echo or self.noise
        return NUM_DRAWS if further else NUM_DRAWS_IN_TIME if self.shift or self.speed else 0


NUM_DRAWS = 9
NUM_DRAWS_IN_TIME = 2
NUM_OCTAVES = 8
"""Below half the sample rate; what is lower yet is coloured as the lowest of them."""


def augment_waveforms(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: WaveformAugmentation, sample_rate: int
) -> tf.Tensor:
    """The waveforms as other people might have spoken them, in a room, and recorded.

    waveforms: float [N, T]; draws: float [N, settings.num_draws] uniform in [0, 1).
    """
    unused = max(NUM_DRAWS - settings.num_draws, 0)
    each = tf.pad(draws[:, :NUM_DRAWS], [[0, 0], [0, unused]])
    shift, speed, gain, pitch, *further = tf.unstack(each, axis=1)
    if settings.pitch:
        semitones = settings.pitch * (2.0 * pitch - 1.0)
        waveforms = _transposed(waveforms, semitones, sample_rate)
    if settings.shift or settings.speed:
        shift, speed = 2.0 * shift - 1.0, 2.0 * speed - 1.0
        faster, offset = 1.0 + settings.speed * speed, settings.shift * sample_rate * shift
        waveforms = _moved_in_time(waveforms, faster, offset)
    if settings.echo:
        duration, place = further[:2]
        longest = round(settings.echo * sample_rate)
        waveforms = with_echo(waveforms, duration * longest, place, longest, sample_rate)
    if settings.colour:
        waveforms = coloured(waveforms, settings.colour * (2.0 * draws[:, NUM_DRAWS:] - 1.0))
    if settings.noise:
        ratio, kind, place = further[2:]
        lowest, highest = settings.noise
        waveforms = with_noise(waveforms, lowest + (highest - lowest) * ratio, kind, place)
    if settings.gain:
        waveforms *= 10.0 ** (settings.gain * (2.0 * gain[:, tf.newaxis] - 1.0) / 20.0)
    return waveforms


# XLA makes one loop of many small steps: on a CPU, a quarter of the time of TensorFlow's kernels.
_samples_at = tf.function(samples_at, jit_compile=True, autograph=False)
_transposed = tf.function(transposed, jit_compile=True, autograph=False)


def _moved_in_time(waveforms: tf.Tensor, faster: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Waveforms [N, T] after one affine map of time each, about the middle; silence at the ends."""
    middle = (waveforms.shape[1] - 1) / 2
    time = tf.range(waveforms.shape[1], dtype=tf.float32) - middle
    places = middle + faster[:, tf.newaxis] * time + offset[:, tf.newaxis]
    return _samples_at(waveforms, places)


EVEN_ECHO = 0.5
"""Seconds of echo that are as loud, all together, as the voice itself: so it is, by Sabine's
formula, 0.6 m from the speaker in a room of 50 cubic metres."""


@tf.function(jit_compile=True, autograph=False)
def with_echo(
    waveforms: tf.Tensor, durations: tf.Tensor, places: tf.Tensor, longest: int, sample_rate: int
) -> tf.Tensor:
    """Waveforms [N, T] in rooms whose echo fades by 60 dB in `durations` [N], in samples.

    The room answers an impulse with noise that fades exponentially, a stretch of the bank of noise
    from `places` in [0, 1) on, and never lasts longer than `longest`. The power is kept.
    """
    time = tf.range(1, longest, dtype=tf.float32)
    fading = 10.0 ** (-3.0 * time / tf.maximum(durations[:, tf.newaxis], 1e-3))
    # Noise of variance 1 that fades so has the energy durations / (6 ln 10).
    level = np.sqrt(6 * np.log(10) / (EVEN_ECHO * sample_rate))
    tail = level * fading * _stretches(tf.zeros_like(places), places, longest - 1)
    impulses = tf.pad(tail, [[0, 0], [1, 0]], constant_values=1.0)
    loudness = 1.0 + durations[:, tf.newaxis] / (EVEN_ECHO * sample_rate)
    length = [next_fast_len(waveforms.shape[1] + longest, real=True)]
    spectra = tf.signal.rfft(waveforms, length) * tf.signal.rfft(impulses, length)
    return tf.signal.irfft(spectra, length)[:, : waveforms.shape[1]] / tf.sqrt(loudness)


@tf.function(jit_compile=True, autograph=False)
def coloured(waveforms: tf.Tensor, decibels: tf.Tensor) -> tf.Tensor:
    """Waveforms [N, T] with their octaves, the lowest first, louder by `decibels` [N, octaves].

    The last stands at half the sample rate, and gains in between are interpolated over the
    logarithm of the frequency. The power is kept.
    """
    octaves = decibels.shape[1]
    # The lowest octave rings for some periods of its own; the end is not to reach the beginning.
    length = next_fast_len(waveforms.shape[1] + 4 * 2**octaves, real=True)
    place = np.arange(length // 2 + 1) / (length // 2)
    height = np.log2(np.maximum(place, 2.0 ** (1 - octaves))) + octaves - 1
    shares = np.maximum(1 - np.abs(height - np.arange(octaves)[:, np.newaxis]), 0)
    gains = tf.exp(decibels @ (shares * np.log(10) / 20).astype(np.float32))
    spectra = tf.signal.rfft(waveforms, [length]) * tf.cast(gains, tf.complex64)
    made = tf.signal.irfft(spectra, [length])[:, : waveforms.shape[1]]
    before, after = (tf.reduce_mean(tf.square(x), axis=1, keepdims=True) for x in (waveforms, made))
    return made * tf.sqrt(tf.math.divide_no_nan(before, after))


@tf.function(jit_compile=True, autograph=False)
def with_noise(
    waveforms: tf.Tensor, ratios: tf.Tensor, kinds: tf.Tensor, places: tf.Tensor
) -> tf.Tensor:
    """Waveforms [N, T] with noise that is `ratios` [N] decibels weaker than each of them.

    It is white where `kinds` in [0, 1) are less than one half, else pink, and a stretch of the
    bank of noise from `places` in [0, 1) on. Silence stays silent.
    """
    noise = _stretches(kinds, places, waveforms.shape[1])
    power, own = (tf.reduce_mean(tf.square(x), axis=1) for x in (waveforms, noise))
    return waveforms + tf.sqrt(power / own * 10.0 ** (-ratios / 10.0))[:, tf.newaxis] * noise


BANK_SIZE = 2**18


@lru_cache(maxsize=1)
def _noise_bank() -> np.ndarray:
    """White noise and pink, float32 [2, BANK_SIZE] of variance 1, each going on at its beginning.

    To draw new noise for every clip would cost more than all other augmentation.
    """
    # RandomState's streams are frozen; Generator's may change with NumPy.
    white = np.random.RandomState(0).standard_normal(BANK_SIZE)
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))  # power falls as 1 / frequency
    spectrum[0] = 0
    pink = np.fft.irfft(spectrum)
    return np.stack([white / white.std(), pink / pink.std()]).astype(np.float32)


def _stretches(kinds: tf.Tensor, places: tf.Tensor, length: int) -> tf.Tensor:
    """[N, length] of the bank, of each row's kind and from its place on, both in [0, 1)."""
    first = tf.cast(places * BANK_SIZE, tf.int32)[:, tf.newaxis]
    row = tf.cast(kinds * 2.0, tf.int32)[:, tf.newaxis]
    bank = tf.constant(_noise_bank().reshape(-1))
    return tf.gather(bank, row * BANK_SIZE + (first + tf.range(length)) % BANK_SIZE)
