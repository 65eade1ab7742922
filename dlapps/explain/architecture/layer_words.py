"""What a layer does, in the few words that a box of a drawing has room for."""

import re

import keras
from keras import layers

CONVOLUTIONS = (
    layers.Conv1D, layers.Conv2D, layers.Conv1DTranspose, layers.Conv2DTranspose,
    layers.DepthwiseConv1D, layers.DepthwiseConv2D, layers.SeparableConv1D, layers.SeparableConv2D,
)  # fmt: skip
POOLINGS = (
    layers.MaxPooling1D, layers.MaxPooling2D, layers.AveragePooling1D, layers.AveragePooling2D,
)  # fmt: skip
SHORTER = {
    "input layer": "input",
    "zero padding": "padding",
    "conv transpose": "transposed conv",
    "pooling": "pool",
    "normalization": "norm",
}
CAPITALS = {"relu": "ReLU", "relu6": "ReLU6", "elu": "ELU", "gelu": "GELU", "selu": "SELU"}
TIMES = "\N{MULTIPLICATION SIGN}"


def layer_words(operation: keras.Operation) -> str:
    """Such as `max pool`, with its window and stride, `dropout 0.5` or `bidirectional LSTM`."""
    if isinstance(operation, keras.Model):
        return "model of its own"
    words = _class_words(type(operation).__name__)
    if isinstance(operation, layers.Activation):
        return _activation(operation) or "linear"
    if isinstance(operation, CONVOLUTIONS):
        words = _windowed(words, operation.kernel_size, operation.strides)
        dilation, groups = max(operation.dilation_rate), getattr(operation, "groups", 1)
        words += f", dilation {dilation}" if dilation > 1 else ""
        words += f", {groups} groups" if groups > 1 else ""
    elif isinstance(operation, POOLINGS):
        words = _windowed(words, operation.pool_size, operation.strides)
    elif isinstance(operation, layers.Bidirectional):
        words = f"bidirectional {_class_words(type(operation.forward_layer).__name__)}"
    elif isinstance(operation, layers.Dropout):
        words = f"dropout {operation.rate:g}"
    activation = _activation(operation)
    return f"{words} · {activation}" if activation else words


def _windowed(words: str, size: tuple[int, ...], strides: tuple[int, ...]) -> str:
    stride = {1: ""}.get(max(strides), f", stride {max(strides)}")
    return f"{TIMES.join(map(str, size))} {words}{stride}"


def _activation(operation: keras.Operation) -> str:
    """The activation that a layer ends in; empty for none, and for a recurrence's usual ones."""
    activation = getattr(operation, "activation", None)
    if activation is None or isinstance(operation, layers.RNN):
        return ""
    name = getattr(activation, "__name__", type(activation).__name__)
    return "" if name == "linear" else CAPITALS.get(name, name.replace("_", " "))


def _class_words(class_name: str) -> str:
    """The words of a class's name: `max pool` for MaxPooling2D, `ReLU` for ReLU."""
    if class_name.lower() in CAPITALS:
        return CAPITALS[class_name.lower()]
    plain = re.sub(r"[123]D$|(?<=[a-z])[123]D(?=[A-Z])", "", class_name)
    parts = re.findall(r"ReLU|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)
    words = " ".join(part if part.isupper() or part == "ReLU" else part.lower() for part in parts)
    for long, short in SHORTER.items():
        words = words.replace(long, short)
    return words
