"""Networks without their heads, as encoders of others: maps of an image at several scales."""

from typing import Literal, NamedTuple

import keras
from keras import KerasTensor

from dlapps.errors import UsageError
from dlapps.models.vision.pretrained import pretrained
from dlapps.models.vision.resnet import resnet

Encoder = Literal["efficientnet_lite0", "resnet18", "resnet34", "resnet50"]
"""What looks at the image; of the first there are weights that were trained on ImageNet."""

ENDPOINTS = {
    "efficientnet_lite0": {2: "block1", 4: "block3", 8: "block5", 16: "block11", 32: "block16"},
    "resnet": {4: "stage2", 8: "stage3", 16: "stage4", 32: "stage5"},
}
"""The last layer of each scale, by how many pixels a side one of its places stands for."""
DEPTHS: dict[str, Literal[18, 34, 50]] = {"resnet18": 18, "resnet34": 34, "resnet50": 50}
COARSEST = 32


class Encoded(NamedTuple):
    """An encoder's input and its maps [N, H / stride, W / stride, C] by their strides."""

    image: KerasTensor
    maps: dict[int, KerasTensor]


def encoded(
    input_shape: tuple[int, int, int], encoder: Encoder, weights: str, filters: int
) -> Encoded:
    """The maps of an `encoder` on images in [0, 1].

    `weights` are `none` for random ones, or for efficientnet_lite0 as `pretrained` takes them; its
    batch normalizations then keep what they were trained to. `filters` is the width of a ResNet's
    first stage. Raises UsageError where height or width is no multiple of 32, or the weights of
    another encoder are asked for.
    """
    height, width, _ = input_shape
    if height % COARSEST or width % COARSEST:
        raise UsageError(
            f"Images of {height}x{width} do not divide into maps; give a height and a width that "
            f"are multiples of {COARSEST}."
        )
    if encoder == "efficientnet_lite0":
        network = pretrained(input_shape, 1, backbone=encoder, weights=weights)
        if weights != "none":
            _keep_statistics(network)
        endpoints = ENDPOINTS[encoder]
    elif weights == "none":
        network = resnet(input_shape, 1, depth=DEPTHS[encoder], filters=filters)
        endpoints = ENDPOINTS["resnet"]
    else:
        raise UsageError(
            f"model.weights {weights}: there are none of {encoder}; choose efficientnet_lite0 as "
            "model.encoder, or none as weights."
        )
    maps = {stride: network.get_layer(name).output for stride, name in endpoints.items()}
    return Encoded(network.input, maps)


def _keep_statistics(network: keras.Model) -> None:
    """Few batches of other images would spoil what many have averaged."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
