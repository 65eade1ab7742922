"""Networks without their heads, as encoders of others: maps of an image at several scales."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import keras
from keras import KerasTensor

from dlapps.errors import UsageError
from dlapps.layers.padding import PadToMultiple
from dlapps.models.vision.pretrained import pretrained
from dlapps.models.vision.resnet import resnet
from dlapps.models.vision.vgg import vgg

Encoder = Literal["efficientnet_lite0", "resnet18", "resnet34", "resnet50", "vgg16"]
"""What looks at the image; of the first there are weights that were trained on ImageNet."""

NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "resnet18": functools.partial(resnet, depth=18),
    "resnet34": functools.partial(resnet, depth=34),
    "resnet50": functools.partial(resnet, depth=50),
    "vgg16": functools.partial(vgg, depth=16, normalization="batch", dense_units=1),
}
"""Those that begin from random weights."""
OF_LITE0 = {2: "block1", 4: "block3", 8: "block5", 16: "block11", 32: "block16"}
OF_RESNET = {4: "stage2", 8: "stage3", 16: "stage4", 32: "stage5"}
ENDPOINTS = {
    "efficientnet_lite0": OF_LITE0,
    "resnet18": OF_RESNET,
    "resnet34": OF_RESNET,
    "resnet50": OF_RESNET,
    "vgg16": {2**block: f"block{block}_pool" for block in range(1, 6)},
}
"""The last layer of each scale, by how many pixels a side one of its places stands for."""
COARSEST = 32


class Encoded(NamedTuple):
    """An encoder's input and its maps [N, H / stride, W / stride, C] by their strides."""

    image: KerasTensor
    maps: dict[int, KerasTensor]


def encoded(
    input_shape: tuple[int | None, int | None, int],
    encoder: Encoder,
    weights: str,
    filters: int,
    coarsest: Literal[16, 32] = 32,
) -> Encoded:
    """The maps of an `encoder` on images in [0, 1].

    `weights` are `none` for random ones, or for efficientnet_lite0 as `pretrained` takes them; its
    batch normalizations then keep what they were trained to. `filters` is the width of a ResNet's
    or VGG's first stage. With 16 as the `coarsest` stride, the last stage does not halve its maps,
    and its kernels have holes instead (Chen et al. 2017): both last stages are at stride 16, and
    the map of that stride is the last one's.

    Where height or width is None, images of any size are mirrored at their border up to a multiple
    of `coarsest`, by the layer called padding. Raises UsageError where one is given that is no
    multiple of 32, or the weights of another encoder are asked for.
    """
    height, width, channels = input_shape
    if height is None or width is None:
        shape = (COARSEST, COARSEST, channels)
    elif height % COARSEST or width % COARSEST:
        raise UsageError(
            f"Images of {height}x{width} do not divide into maps; give a height and a width that "
            f"are multiples of {COARSEST}."
        )
    else:
        shape = (height, width, channels)
    network = _network(shape, encoder, weights, filters)
    if None in input_shape or coarsest < COARSEST:
        network = _rebuilt(network, input_shape, ENDPOINTS[encoder][16], coarsest)
    if encoder == "efficientnet_lite0" and weights != "none":
        _keep_statistics(network)
    maps = {stride: network.get_layer(name).output for stride, name in ENDPOINTS[encoder].items()}
    if coarsest < COARSEST:
        maps[coarsest] = maps.pop(COARSEST)
    return Encoded(network.input, maps)


def _network(
    shape: tuple[int, int, int], encoder: Encoder, weights: str, filters: int
) -> keras.Model:
    """The encoder up to its coarsest maps."""
    if encoder == "efficientnet_lite0":
        network = pretrained(shape, 1, backbone=encoder, weights=weights)
    elif weights == "none":
        network = NETWORKS[encoder](shape, 1, filters=filters)
    else:
        raise UsageError(
            f"model.weights {weights}: there are none of {encoder}; choose efficientnet_lite0 as "
            "model.encoder, or none as weights."
        )
    return keras.Model(network.input, network.get_layer(ENDPOINTS[encoder][COARSEST]).output)


def _rebuilt(
    network: keras.Model,
    input_shape: tuple[int | None, int | None, int],
    last_of_16: str,
    coarsest: int,
) -> keras.Model:
    """The network on images of `input_shape`, padded where need be, its last stage with holes."""
    names = [layer.name for layer in network.layers]
    last_stage = network.layers[names.index(last_of_16) + 1 :] if coarsest < COARSEST else []
    halving = [
        layer.name for layer in last_stage if layer.get_config().get("strides", (1, 1)) != (1, 1)
    ]
    after = {*names[names.index(halving[0]) + 1 :]} - {*halving} if halving else set()

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if layer.name in halving:
            config["strides"] = (1, 1)
            if "pool_size" in config:
                config["padding"] = "same"
        elif layer.name in after and config.get("kernel_size", (1, 1)) != (1, 1):
            config["dilation_rate"] = (2, 2)
        return type(layer).from_config(config)

    def called(layer: keras.layers.Layer, x: Any, **options: Any) -> Any:
        if layer.name == "contrast" and None in input_shape:
            x = PadToMultiple(coarsest, name="padding")(x)
        return layer(x, **options)

    image = keras.Input(input_shape, name="image")
    rebuilt = keras.models.clone_model(network, image, copied, call_function=called)
    rebuilt.set_weights(network.get_weights())
    return rebuilt


def _keep_statistics(network: keras.Model) -> None:
    """Few batches of other images would spoil what many have averaged."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
