"""A part of a network that another run trained: a backbone, or features to measure in."""

from pathlib import Path

import keras

from dlapps.errors import UsageError, did_you_mean


def trained_layers(
    run: Path, layer: str, input_shape: tuple[int, ...], *, run_setting: str, layer_setting: str
) -> keras.Model:
    """The model of a finished run from inputs of `input_shape` up to the layer called `layer`.

    Raises UsageError, which names the settings, when there is no such model or layer, when its
    inputs have another shape, or when the layer does not give one vector an example.
    """
    file = run / "model.keras"
    try:
        model = keras.saving.load_model(file, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{run_setting}: {run} is no finished run of this suite. Name the directory of one, "
            "such as runs/classification/fashion_mnist_lenet5/0."
        ) from error
    if model.input_shape[1:] != tuple(input_shape):
        raise UsageError(
            f"{run_setting}: the model of {run} takes inputs of {model.input_shape[1:]}, and "
            f"these are of {tuple(input_shape)}."
        )
    names = [each.name for each in model.layers]
    if layer not in names:
        raise UsageError(f"{layer_setting} cannot be {layer!r}" + did_you_mean(layer, names))
    features = model.get_layer(layer).output
    if len(features.shape) != 2:
        raise UsageError(
            f"{layer_setting} {layer!r} gives maps of the shape {features.shape[1:]}; "
            "name a layer that gives one vector an example, such as dense6."
        )
    return keras.Model(model.inputs, features, name="backbone")
