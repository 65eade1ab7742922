"""Random hearings of recordings, computed from numbers that were drawn elsewhere."""

from typing import Annotated

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Fraction, Section


class WaveformAugmentation(Section):
    """How far a recording may be changed; all zero leaves it as it is."""

    shift: Annotated[float, Field(ge=0)] = 0.0
    """Seconds earlier or later."""
    speed: Fraction = 0.0
    """Fraction faster or slower, and higher or lower with it (Ko et al. 2015)."""

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not any(self.model_dump().values())


NUM_DRAWS = 2


def augment_waveforms(
    waveforms: tf.Tensor, draws: tf.Tensor, settings: WaveformAugmentation, sample_rate: int
) -> tf.Tensor:
    """The waveforms after one random affine map of time each, with silence where they end.

    waveforms: float [N, T]; draws: float [N, NUM_DRAWS] uniform in [0, 1).
    """
    if settings.is_identity:
        return waveforms
    num_samples = waveforms.shape[1]
    shift, speed = tf.unstack(2.0 * draws - 1.0, num=NUM_DRAWS, axis=1)
    middle = (num_samples - 1) / 2
    time = tf.range(num_samples, dtype=tf.float32) - middle
    faster = 1.0 + settings.speed * speed[:, tf.newaxis]
    offset = settings.shift * sample_rate * shift[:, tf.newaxis]
    return _samples_at(waveforms, middle + faster * time + offset)


@tf.function(jit_compile=True, autograph=False)
def _samples_at(waveforms: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """What the waveforms are at fractional places [N, M], on the lines between their samples.

    XLA makes one loop of it: on a CPU, a quarter of the time of TensorFlow's own kernels.
    """
    places = tf.clip_by_value(places + 1.0, 0.0, waveforms.shape[1] + 1.0)
    silent_at_ends = tf.pad(waveforms, [[0, 0], [1, 2]])
    before = tf.cast(tf.floor(places), tf.int32)
    share = places - tf.floor(places)
    first = tf.gather(silent_at_ends, before, batch_dims=1)
    second = tf.gather(silent_at_ends, before + 1, batch_dims=1)
    return first + share * (second - first)
