"""Recordings at another pitch and the same pace (Verhelst, Roelands 1993, "An overlap-add technique
based on waveform similarity (WSOLA) for high quality time-scale modification of speech")."""

import numpy as np
import tensorflow as tf

HOP = 0.02
"""Seconds between the middles of two grains, which overlap by half."""
COMPARED_RATE = 4000
"""Samples a second of what is compared: in speech, what is loud lies below half of it."""
POINTS = 20
"""Samples by which two stretches are compared."""


def length_of(waveforms: tf.Tensor) -> int | tf.Tensor:
    """How many samples waveforms [N, T] have; a tensor where that differs from batch to batch."""
    return waveforms.shape[1] or tf.shape(waveforms)[1]


def samples_at(waveforms: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """What waveforms [N, T] are at fractional places [N, M], on the lines between their samples.

    Before the first sample and after the last is silence. XLA makes one loop of it: on a CPU, a
    quarter of the time of TensorFlow's own kernels.
    """
    beyond = tf.cast(length_of(waveforms), tf.float32) + 1.0
    places = tf.clip_by_value(places + 1.0, 0.0, beyond)
    silent_at_ends = tf.pad(waveforms, [[0, 0], [1, 2]])
    before = tf.cast(tf.floor(places), tf.int32)
    share = places - tf.floor(places)
    first = tf.gather(silent_at_ends, before, batch_dims=1)
    second = tf.gather(silent_at_ends, before + 1, batch_dims=1)
    return first + share * (second - first)


def transposed(waveforms: tf.Tensor, semitones: tf.Tensor, sample_rate: int) -> tf.Tensor:
    """Waveforms float [N, T], higher by so many semitones float [N], as long as they were.

    Grains of the waveform are played faster, or slower, and faded into each other. Each begins
    where the waveform is most alike to what follows the grain before it.
    """
    thinned = max(sample_rate // COMPARED_RATE, 1)
    hop, num_samples = round(HOP * sample_rate / thinned) * thinned, length_of(waveforms)
    num_hops = -(-num_samples // hop)
    faster = 2.0 ** (semitones / 12)
    middles = thinned * _middles(waveforms[:, ::thinned], faster, hop // thinned, num_hops)
    inside = tf.range(hop, dtype=tf.float32)

    def grains(middles: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        """[N, T] of what the grains of middles [N, hops] play at places [hop] beside them."""
        at = middles[:, :, None] + faster[:, None, None] * places
        return samples_at(waveforms, tf.reshape(at, [-1, num_hops * hop])[:, :num_samples])

    fading, rising = grains(middles[:, :-1], inside), grains(middles[:, 1:], inside - hop)
    share = tf.tile(0.5 - 0.5 * tf.cos(np.pi * inside / hop), [num_hops])[:num_samples]
    return fading + share * (rising - fading)


def _middles(waveforms: tf.Tensor, faster: tf.Tensor, hop: int, num_hops: int) -> tf.Tensor:
    """Where in the waveforms the middles of the grains lie, [N, num_hops + 1].

    A grain may be moved by half a hop either way.
    """
    reach, step = hop // 2, max(hop // POINTS, 1)
    num_choices, margin = 2 * reach + 1, 4 * hop
    padded = tf.pad(waveforms, [[0, 0], [margin, margin + hop]])
    first = (
        hop * tf.range(1, num_hops + 1) - reach - tf.cast(tf.round(faster * hop), tf.int32)[:, None]
    )
    # All stretches at once: inside the loop, XLA would gather again for every comparison.
    beginnings = margin + first[:, :, None] + tf.range(hop + num_choices)
    stretches = tf.transpose(tf.gather(padded, beginnings, batch_dims=1), [1, 0, 2])

    def next_middle(number: tf.Tensor, middle: tf.Tensor, found: tf.TensorArray):
        follows = margin + middle[:, None] + tf.range(0, hop, step)
        played, there = tf.gather(padded, follows, batch_dims=1), stretches[number - 1]
        differences = [
            tf.abs(there[:, place : place + num_choices] - played[:, point, None])
            for point, place in enumerate(range(0, hop, step))
        ]
        best = tf.argmin(tf.add_n(differences), axis=1, output_type=tf.int32)
        middle = number * hop - reach + best
        return number + 1, middle, found.write(number, middle)

    start = tf.zeros_like(first[:, 0])
    found = tf.TensorArray(tf.int32, num_hops + 1, element_shape=start.shape).write(0, start)
    *_, found = tf.while_loop(lambda number, *_: number <= num_hops, next_middle, (1, start, found))
    return tf.cast(tf.transpose(found.stack()), tf.float32)
