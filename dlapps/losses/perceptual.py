"""The loss of style transfer, in the features of another network (Gatys, Ecker, Bethge 2016, "Image
style transfer using convolutional neural networks"; Johnson, Alahi, Fei-Fei 2016, "Perceptual
losses for real-time style transfer and super-resolution")."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from dlapps.losses.gram_matrix import gram_matrix

Features = Callable[[Any], Mapping[str, Any]]
"""From images [N, H, W, 3] in [0, 1] to maps [N, h, w, C] by the names of their layers."""


class PerceptualLoss(keras.losses.Loss):
    """How far pictures are from a content in what is where, and from a style in texture.

    The content loss is the mean squared difference of the `content_layers`' maps from those of the
    content image. The style loss is that of Gram matrices from those of a style, which `style`
    holds by layer, float32 [1, C, C]. The total variation is added, as a mean over all pixels.

    Departure: each layer's difference is divided by the mean square of what is compared. So no
    layer drowns another, no picture the others of its batch, and the same weights suit any network.
    """

    names = ("content_loss", "style_loss", "total_variation")

    def __init__(
        self,
        features: Features,
        content_layers: Sequence[str],
        style: Mapping[str, Any],
        *,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        total_variation_weight: float = 0.0,
        **options,
    ):
        super().__init__(**options)
        self.features = features
        self.content_layers = content_layers
        self.style = style
        weights = (content_weight, style_weight, total_variation_weight)
        self.weights = dict(zip(self.names, weights, strict=True))

    def parts(self, y_true, y_pred):
        """The weighed summands [N] by name, of pictures y_pred of the content images y_true."""
        content, found = self.features(y_true), self.features(y_pred)
        of_content = [
            _distance(ops.stop_gradient(content[layer]), found[layer])
            for layer in self.content_layers
        ]
        of_style = [
            _distance(gram, gram_matrix(found[layer])) for layer, gram in self.style.items()
        ]
        pictures = tf.convert_to_tensor(y_pred)
        variation = tf.image.total_variation(pictures) / math.prod(pictures.shape[1:])
        values = (_mean(of_content), _mean(of_style), variation)
        return {
            name: self.weights[name] * value for name, value in zip(self.names, values, strict=True)
        }

    def call(self, y_true, y_pred):
        return sum(self.parts(y_true, y_pred).values())


def _distance(wanted, found):
    """float32 [N]: the mean squared difference, as a share of the mean square of both."""
    wanted, found = ops.cast(wanted, "float32"), ops.cast(found, "float32")
    axes = tuple(range(1, len(found.shape)))
    # Without that of `found`, a picture far too bright counts forty times as much as another.
    scale = ops.mean((ops.square(wanted) + ops.square(found)) / 2, axis=axes)
    return ops.mean(ops.square(found - wanted), axis=axes) / ops.maximum(scale, 1e-6)


def _mean(values):
    return sum(values) / len(values)
