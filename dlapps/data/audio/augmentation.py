"""Random hearings of recordings, computed from numbers that were drawn elsewhere."""

from functools import lru_cache
from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field, field_validator
from scipy.fft import next_fast_len

from dlapps.config.section import Fraction, Section
from dlapps.data.audio.pitch import length_of, samples_at, transposed

Decibels = Annotated[float, Field(ge=-100, le=100)]


class SoundAugmentation(Section):
    """How far the sound of a recording may be changed; what is zero or left out changes nothing."""

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
            return NUM_SOUND_DRAWS + NUM_OCTAVES
        return NUM_SOUND_DRAWS if self.gain or self.pitch or self.echo or self.noise else 0


class WaveformAugmentation(SoundAugmentation):
    """How far a recording may be changed; what is zero or left out changes nothing."""

    shift: Annotated[float, Field(ge=0)] = 0.0
    """Seconds earlier or later."""
    speed: Fraction = 0.0
    """Fraction faster or slower, and higher or lower with it (Ko et al. 2015)."""

    @property
    def num_draws(self) -> int:
        """Uniform random numbers that one recording needs."""
        of_sound = super().num_draws
        return NUM_DRAWS_IN_TIME + of_sound if of_sound or self.shift or self.speed else 0


NUM_DRAWS_IN_TIME = 2
NUM_SOUND_DRAWS = 7
NUM_OCTAVES = 8
"""Below half the sample rate; what is lower yet is coloured as the lowest of them."""


def augment_waveforms(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: WaveformAugmentation, sample_rate: int
) -> tf.Tensor:
    """The waveforms as other people might have spoken them, in a room, and recorded.

    waveforms: float [N, T]; draws: float [N, settings.num_draws] uniform in [0, 1).
    """
    in_time, of_sound = draws[:, :NUM_DRAWS_IN_TIME], draws[:, NUM_DRAWS_IN_TIME:]
    waveforms = _at_another_pitch(waveforms, of_sound, settings, sample_rate)
    if settings.shift or settings.speed:
        shift, speed = tf.unstack(2.0 * in_time - 1.0, axis=1)
        faster, offset = 1.0 + settings.speed * speed, settings.shift * sample_rate * shift
        waveforms = _moved_in_time(waveforms, faster, offset)
    return _recorded_elsewhere(waveforms, of_sound, settings, sample_rate)


def augment_sound(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: SoundAugmentation, sample_rate: int
) -> tf.Tensor:
    """The waveforms, nothing of them earlier or later, as of another voice, room and microphone.

    waveforms: float [N, T]; draws: float [N, settings.num_draws] uniform in [0, 1).
    """
    waveforms = _at_another_pitch(waveforms, draws, settings, sample_rate)
    return _recorded_elsewhere(waveforms, draws, settings, sample_rate)


def _at_another_pitch(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: SoundAugmentation, sample_rate: int
) -> tf.Tensor:
    if not settings.pitch:
        return waveforms
    return _transposed(waveforms, settings.pitch * (2.0 * draws[:, 1] - 1.0), sample_rate)


def _recorded_elsewhere(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: SoundAugmentation, sample_rate: int
) -> tf.Tensor:
    """In another room, by another microphone, with noise, louder or softer."""
    if not draws.shape[1]:
        return waveforms  # only in time is anything varied
    gain, _, duration, echo_place, ratio, kind, noise_place = tf.unstack(
        draws[:, :NUM_SOUND_DRAWS], axis=1
    )
    if settings.echo:
        longest = round(settings.echo * sample_rate)
        waveforms = with_echo(waveforms, duration * longest, echo_place, longest, sample_rate)
    if settings.colour:
        waveforms = coloured(waveforms, settings.colour * (2.0 * draws[:, NUM_SOUND_DRAWS:] - 1.0))
    if settings.noise:
        lowest, highest = settings.noise
        waveforms = with_noise(waveforms, lowest + (highest - lowest) * ratio, kind, noise_place)
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
    num_samples = length_of(waveforms)
    length = [_fast_length(num_samples + longest)]
    spectra = tf.signal.rfft(waveforms, length) * tf.signal.rfft(impulses, length)
    return tf.signal.irfft(spectra, length)[:, :num_samples] / tf.sqrt(loudness)


@tf.function(jit_compile=True, autograph=False)
def coloured(waveforms: tf.Tensor, decibels: tf.Tensor) -> tf.Tensor:
    """Waveforms [N, T] with their octaves, the lowest first, louder by `decibels` [N, octaves].

    The last stands at half the sample rate, and gains in between are interpolated over the
    logarithm of the frequency. The power is kept.
    """
    octaves, num_samples = decibels.shape[1], length_of(waveforms)
    # The lowest octave rings for some periods of its own; the end is not to reach the beginning.
    length = _fast_length(num_samples + 4 * 2**octaves)
    place = tf.range(length // 2 + 1) / (length // 2)
    octave = np.log(2) * np.arange(1 - octaves, 1)
    height = tf.math.log(tf.maximum(place, np.exp(octave[0])))
    shares = tf.maximum(1 - tf.abs(height - octave[:, np.newaxis]) / np.log(2), 0)
    gains = tf.exp(decibels @ tf.cast(shares * np.log(10) / 20, tf.float32))
    spectra = tf.signal.rfft(waveforms, [length]) * tf.cast(gains, tf.complex64)
    made = tf.signal.irfft(spectra, [length])[:, :num_samples]
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
    noise = _stretches(kinds, places, length_of(waveforms))
    power, own = (tf.reduce_mean(tf.square(x), axis=1) for x in (waveforms, noise))
    return waveforms + tf.sqrt(power / own * 10.0 ** (-ratios / 10.0))[:, tf.newaxis] * noise


FAST_LENGTHS = np.array(
    sorted(2**a * 3**b * 5**c for a in range(24) for b in range(8) for c in range(6)), np.int64
)


def _fast_length(least: int | tf.Tensor) -> int | tf.Tensor:
    """A length from `least` on whose Fourier transform is fast."""
    if isinstance(least, int):
        return next_fast_len(least, real=True)
    # XLA compiles for each length anew, and knows then what this is.
    enough = tf.cast(least, tf.int64) <= FAST_LENGTHS
    return tf.cast(tf.reduce_min(tf.where(enough, FAST_LENGTHS, FAST_LENGTHS[-1])), tf.int32)


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


def _stretches(kinds: tf.Tensor, places: tf.Tensor, length: int | tf.Tensor) -> tf.Tensor:
    """[N, length] of the bank, of each row's kind and from its place on, both in [0, 1)."""
    first = tf.cast(places * BANK_SIZE, tf.int32)[:, tf.newaxis]
    row = tf.cast(kinds * 2.0, tf.int32)[:, tf.newaxis]
    bank = tf.constant(_noise_bank().reshape(-1))
    return tf.gather(bank, row * BANK_SIZE + (first + tf.range(length)) % BANK_SIZE)
