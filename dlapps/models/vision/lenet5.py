"""LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document
recognition")."""

import keras
from keras import layers

from dlapps.config.section import Fraction
from dlapps.layers.batch_normalization import BatchNormalization

IMAGE_SIZE = 32
# The paper scales pixels so that the background is -0.1 and the ink 1.175.
BACKGROUND, INK = -0.1, 1.175


def lenet5(
    input_shape: tuple[int, int, int],
    num_outputs: int,
    *,
    modern: bool = False,
    dropout: Fraction = 0.3,
    batch_normalization: bool = False,
) -> keras.Model:
    """The network on images in [0, 1]; its outputs are logits.

    Images of 28x28 are padded to the paper's 32x32, others are resized to it. As published: tanh,
    trainable subsampling replaced by average pooling, C3 fully connected to S2, 61,706 parameters
    for one channel and ten classes. `modern` uses ReLU, max pooling, and `dropout` before the
    last layers; `batch_normalization` follows each of its convolutions.
    """
    activation = "relu" if modern else "tanh"
    pooling = layers.MaxPooling2D if modern else layers.AveragePooling2D

    def convolution(x, filters: int, name: str):
        x = layers.Conv2D(filters, 5, name=name)(x)
        if batch_normalization:
            x = BatchNormalization(name=f"{name}_normalization")(x)
        return layers.Activation(activation, name=f"{name}_{activation}")(x)

    inputs = keras.Input(input_shape, name="image")
    x = _to_paper_size(inputs)
    x = layers.Rescaling(INK - BACKGROUND, offset=BACKGROUND, name="contrast")(x)
    x = convolution(x, 6, "conv1")
    x = pooling(2, name="pool2")(x)
    x = convolution(x, 16, "conv3")
    x = pooling(2, name="pool4")(x)
    x = convolution(x, 120, "conv5")
    x = layers.Flatten(name="flatten")(x)
    if modern:
        x = layers.Dropout(dropout, name="dropout5")(x)
    x = layers.Dense(84, activation=activation, name="dense6")(x)
    if modern:
        x = layers.Dropout(dropout, name="dropout6")(x)
    outputs = layers.Dense(num_outputs, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="lenet5")


def _to_paper_size(inputs):
    height, width = inputs.shape[1:3]
    if (height, width) == (IMAGE_SIZE, IMAGE_SIZE):
        return inputs
    if (height, width) == (28, 28):
        return layers.ZeroPadding2D(2, name="padding")(inputs)
    return layers.Resizing(IMAGE_SIZE, IMAGE_SIZE, name="resizing")(inputs)
