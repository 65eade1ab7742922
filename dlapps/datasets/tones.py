"""Generated speech: the twelve keys of a telephone (ITU-T Q.23), each a pair of tones, one by one
or several in a row."""

import numpy as np

KEYS = tuple("123456789*0#")
SAMPLE_RATE = 8000
ROW_FREQUENCIES = (697.0, 770.0, 852.0, 941.0)
COLUMN_FREQUENCIES = (1209.0, 1336.0, 1477.0)
"""Hertz: of a key's two tones, the lower names its row and the higher its column."""

# What a receiver has to bear, after ITU-T Q.24: pitch and balance off, short, and drowned in noise.
LARGEST_DETUNING = 0.015
LARGEST_TWIST = 6.0  # decibels
DURATIONS = (0.06, 0.25)  # seconds
NOISE_RATIOS = (-3.0, 20.0)  # decibels of signal to noise, while the key is down
LEVELS = (0.02, 0.6)
RISE = 0.01  # seconds, as long as a fall: a click would be heard at all frequencies

MOST_KEYS = 8
PAUSES = (0.04, 0.25)  # seconds
STRING_NOISE_RATIOS = (0.0, 20.0)  # decibels, while keys are down


def make_tones(num_examples: int, num_samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns recordings int16 [N, num_samples] at 8 kHz and the keys pressed in them, int32 [N].

    The keys, of KEYS, are equally frequent and in random order. Each is down for 60 to 250 ms
    somewhere in its recording, over white noise that is 3 dB stronger than it to 20 dB weaker.
    """
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(num_examples) % len(KEYS))
    clips = [_press(label, num_samples, random) for label in labels]
    return np.stack(clips), labels.astype(np.int32)


def make_tone_strings(num_examples: int, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Returns recordings int16 at 8 kHz, of differing lengths, and the keys pressed in each.

    One to MOST_KEYS keys, drawn alike, are each down for 60 to 250 ms, with 40 to 250 ms before,
    between and after them, over white noise that is as strong as they are to 20 dB weaker.
    """
    random = np.random.default_rng(seed)
    strings = [
        random.integers(len(KEYS), size=random.integers(1, MOST_KEYS + 1))
        for _ in range(num_examples)
    ]
    recordings = [_dial(string, random) for string in strings]
    return recordings, ["".join(KEYS[key] for key in string) for string in strings]


def _dial(keys: np.ndarray, random: np.random.Generator) -> np.ndarray:
    parts = [_pause(random)]
    for key in keys:
        duration = random.uniform(*DURATIONS)
        time = np.arange(round(duration * SAMPLE_RATE)) / SAMPLE_RATE
        envelope = np.clip(np.minimum(time, duration - time) / RISE, 0, 1)
        parts += [envelope * _pair_of_tones(key, time, random), _pause(random)]
    tones = np.concatenate(parts)
    power = np.mean(tones[tones != 0] ** 2)
    return _recorded(tones, power, STRING_NOISE_RATIOS, random)


def _pause(random: np.random.Generator) -> np.ndarray:
    return np.zeros(round(random.uniform(*PAUSES) * SAMPLE_RATE))


def _press(key: int, num_samples: int, random: np.random.Generator) -> np.ndarray:
    longest = num_samples / SAMPLE_RATE
    duration = random.uniform(*np.minimum(DURATIONS, 0.8 * longest))
    begin = random.uniform(0, longest - duration)
    time = np.arange(num_samples) / SAMPLE_RATE
    envelope = np.clip(np.minimum(time - begin, begin + duration - time) / RISE, 0, 1)
    tones = _pair_of_tones(key, time, random)
    return _recorded(envelope * tones, np.mean(tones**2), NOISE_RATIOS, random)


def _pair_of_tones(key: int, time: np.ndarray, random: np.random.Generator) -> np.ndarray:
    twist = random.uniform(-LARGEST_TWIST, LARGEST_TWIST)
    row, column = divmod(key, len(COLUMN_FREQUENCIES))
    lower = _tone(ROW_FREQUENCIES[row], twist / 2, time, random)
    return lower + _tone(COLUMN_FREQUENCIES[column], -twist / 2, time, random)


def _recorded(
    tones: np.ndarray, power: float, ratios: tuple[float, float], random: np.random.Generator
) -> np.ndarray:
    """int16 [T]: the tones, which have that power while they sound, in noise, at some level."""
    noise_power = power / 10 ** (random.uniform(*ratios) / 10)
    sound = tones + np.sqrt(noise_power) * random.standard_normal(len(tones))
    level = np.exp(random.uniform(*np.log(LEVELS)))
    return np.round(32767 * level * sound / np.abs(sound).max()).astype(np.int16)


def _tone(
    frequency: float, decibels: float, time: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    detuned = frequency * (1 + random.uniform(-LARGEST_DETUNING, LARGEST_DETUNING))
    phase = random.uniform(0, 2 * np.pi)
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * detuned * time + phase)
