"""SqueezeNet 1.0 (Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer 2016, "SqueezeNet: AlexNet-level
accuracy with 50x fewer parameters and <0.5MB model size"), and its weights for ImageNet."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from dlapps.config.section import Fraction
from dlapps.errors import UsageError
from dlapps.models.vision.images import image_input
from dlapps.models.vision.pooling import overlapping_max_pooling
from dlapps.models.vision.published_weights import fitting_array, read_arrays

SQUEEZED = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}
"""The channels to which each fire module squeezes its maps; it expands them to 8 times as many."""
POOLED = (4, 8)
MEAN_COLOUR = (123.0, 117.0, 104.0)
"""Red, green and blue of 0 to 255, which the published weights expect to be subtracted."""


def squeezenet(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    dropout: Fraction = 0.5,
    small_images: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits, none of which is negative.

    1,248,424 parameters for three channels and 1000 classes; for the published 227x227 pixels the
    maps before the last layer have 13x13 places. `load_squeezenet_weights` gives it the published
    weights. The parts to look at are called conv1, pool1, fire2, ..., fire9, conv_final; `dropout`
    follows fire9. There are no dense layers: the logits are means over the places of conv_final,
    after its ReLU, which is padded by one pixel as in the authors' release.

    `small_images`, of 28 to 64 pixels, lets conv1 see 3x3 pixels at every place, where the
    published network sees 7x7 at every second, so that fire9 still has 4x4 places for 32x32 pixels;
    conv_final is not padded there.

    Departures: weights begin by He's rule, where the release has Glorot's; pixels are scaled to
    [-1, 1], where it subtracts the mean colour.
    """

    def convolution(x: Any, filters: int, size: int, name: str, **options: Any) -> Any:
        options = {"padding": "same", "kernel_initializer": "he_normal", **options}
        return layers.Conv2D(filters, size, activation="relu", name=name, **options)(x)

    inputs, x = image_input(input_shape, 8 if small_images else 21, "SqueezeNet")
    if small_images:
        x = convolution(x, 96, 3, "conv1")
    else:
        x = convolution(x, 96, 7, "conv1", strides=2, padding="valid")
    x = overlapping_max_pooling(x, "pool1")
    for number, width in SQUEEZED.items():
        name = f"fire{number}"
        x = convolution(x, width, 1, f"{name}_squeeze")
        expanded = [convolution(x, 4 * width, size, f"{name}_expand{size}") for size in (1, 3)]
        x = layers.Concatenate(name=name)(expanded)
        if number in POOLED:
            x = overlapping_max_pooling(x, f"pool{number}")
    x = layers.Dropout(dropout, name="dropout")(x)
    if not small_images:
        x = layers.ZeroPadding2D(1, name="padding")(x)
    # So little that no class is dead behind its ReLU, as in the release.
    little = keras.initializers.RandomNormal(stddev=0.01)
    x = convolution(x, num_outputs, 1, "conv_final", kernel_initializer=little)
    outputs = layers.GlobalAveragePooling2D(name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="squeezenet")


def load_squeezenet_weights(model: keras.Model, path: Path, *, head: bool = True) -> None:
    """Gives a `squeezenet` the published weights of an .npz file.

    It holds kernels and biases by names such as conv1_w, fire2_s_b, fire2_e3_w and conv_final_w,
    for pixels in blue, green, red order of 0 to 255, less their mean. What has to be done to our
    pixels for that is done to conv1 instead, which is linear and not padded: the answers are the
    same. Without `head`, conv_final, which names the classes, is left as it is. Raises UsageError
    for a file that does not fit, and has then changed nothing.
    """
    arrays = read_arrays(path, "SqueezeNet 1.0")
    layers_by_name = {layer.name: layer for layer in model.layers}
    weights = {}
    for name, short in _short_names(head).items():
        if name not in layers_by_name:
            raise UsageError(
                f"the weights {path} are those of squeezenet, and {model.name} has no layer "
                f"{name}; give them to a squeezenet."
            )
        weights[name] = [
            fitting_array(arrays, f"{short}_{end}", name, tuple(weight.shape), path)
            for end, weight in zip("wb", layers_by_name[name].weights, strict=True)
        ]
    kernel, bias = arrays["conv1_w"][:, :, ::-1], weights["conv1"][1]
    # 255 pixel - mean = 127.5 contrast + (127.5 - mean), where contrast = 2 pixel - 1.
    offset = np.einsum("hwio,i->o", kernel, 127.5 - np.array(MEAN_COLOUR))
    if layers_by_name["conv1"].kernel.shape[2] == 1:
        kernel = kernel.sum(axis=2, keepdims=True)
    weights["conv1"] = [127.5 * kernel, bias + offset]
    for name, values in weights.items():
        layers_by_name[name].set_weights(values)


def _short_names(head: bool) -> dict[str, str]:
    """What the file calls each layer that has weights."""
    names = {"conv1": "conv1"}
    for number in SQUEEZED:
        parts = {"squeeze": "s", "expand1": "e1", "expand3": "e3"}
        names |= {f"fire{number}_{part}": f"fire{number}_{end}" for part, end in parts.items()}
    return names | ({"conv_final": "conv_final"} if head else {})
