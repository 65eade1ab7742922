"""The features of a trained classifier: what Frechet distances are measured in."""

import hashlib
from pathlib import Path

import keras

from dlapps.errors import UsageError, did_you_mean


def classifier_features(
    path: Path, layer: str, image_shape: tuple[int, int, int]
) -> tuple[keras.Model, str]:
    """A model from images in [0, 1] to the outputs of a layer, and the SHA-256 of the file.

    `path` is a run's directory or its model.keras. Raises UsageError when there is no such model
    or layer, or when it takes images of another shape.
    """
    file = path / "model.keras" if path.is_dir() else path
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        classifier = keras.saving.load_model(file, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"evaluation.classifier: {file} is no trained model of this suite. Name the directory "
            "of a run, such as runs/classification/fashion_mnist_lenet5/0."
        ) from error
    if classifier.input_shape[1:] != tuple(image_shape):
        raise UsageError(
            f"evaluation.classifier: {file} takes images of {classifier.input_shape[1:]}, and "
            f"these are of {tuple(image_shape)}."
        )
    names = [each.name for each in classifier.layers]
    if layer not in names:
        raise UsageError(
            f"evaluation.feature_layer cannot be {layer!r}" + did_you_mean(layer, names)
        )
    features = classifier.get_layer(layer).output
    if len(features.shape) != 2:
        raise UsageError(
            f"evaluation.feature_layer {layer!r} gives maps of the shape {features.shape[1:]}; "
            "name a layer that gives one vector an image, such as dense6."
        )
    return keras.Model(classifier.inputs, features), digest
