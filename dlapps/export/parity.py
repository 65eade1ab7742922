"""The gate before an export: a loaded SavedModel must answer like the Keras model it came from."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlapps.errors import reason
from dlapps.export.errors import ExportError


def parity_tolerance(model: keras.Model) -> float:
    """How far an answer of the exported `model` may be off: more at reduced precision."""
    # A loaded model forgets its own precision; its layers do not.
    is_exact = all(layer.compute_dtype == "float32" for layer in model._flatten_layers())
    return 1e-5 if is_exact else 1e-2


def check_parity(
    directory: Path,
    inputs: Mapping[str, Mapping[str, tf.Tensor]],
    expected: Mapping[str, Mapping[str, np.ndarray]],
    tolerance: float = 1e-5,
) -> None:
    """Nothing; loads the SavedModel, runs every signature on its inputs and compares.

    `inputs` and `expected` outputs are by signature and name. Floats may differ by `tolerance` +
    10 * `tolerance` * |expected| and must not be NaN; everything else must be equal. Raises
    ExportError that names the signature, the output and the difference.
    """
    loaded = tf.saved_model.load(str(directory))
    for name, wanted in expected.items():
        outputs = _outputs(loaded, name, inputs[name])
        if outputs.keys() != wanted.keys():
            raise ExportError(
                f"Signature {name!r} has the outputs {sorted(outputs)}, but "
                f"{sorted(wanted)} were expected."
            )
        for output, actual in outputs.items():
            problem = disagreement(actual, tf.convert_to_tensor(wanted[output]), tolerance)
            if problem:
                raise ExportError(f"Output {output!r} of signature {name!r} {problem}.")


def _outputs(loaded: tf.Module, name: str, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    try:
        return loaded.signatures[name](**inputs)
    except tf.errors.OpError as error:
        raise ExportError(f"Signature {name!r} fails on its example: {reason(error)}.") from error


def disagreement(actual: tf.Tensor, expected: tf.Tensor, tolerance: float) -> str | None:
    """What is wrong with an output, or None where it agrees."""
    if actual.shape != expected.shape:
        return f"has shape {actual.shape}, but the Keras model gave {expected.shape}"
    if _kind(actual.dtype) != _kind(expected.dtype):
        return f"is {actual.dtype.name}, but the Keras model gave {expected.dtype.name}"
    values, wanted = (tf.reshape(tensor, [-1]).numpy() for tensor in (actual, expected))
    if actual.dtype.is_floating:
        return _largest_difference(values.astype(float), wanted.astype(float), tolerance)
    return _first_difference(values, wanted)


def _kind(dtype: tf.DType) -> str:
    return "float" if dtype.is_floating else "integer" if dtype.is_integer else dtype.name


def _largest_difference(values: np.ndarray, wanted: np.ndarray, tolerance: float) -> str | None:
    if np.any(np.isnan(values)):
        return "contains NaN"
    far = ~np.isclose(values, wanted, rtol=10 * tolerance, atol=tolerance)
    if not np.any(far):
        return None
    largest = np.abs(values[far] - wanted[far]).max()
    return f"differs from the Keras model by up to {largest:.3g}"


def _first_difference(values: np.ndarray, wanted: np.ndarray) -> str | None:
    places = np.flatnonzero(values != wanted)
    if len(places) == 0:
        return None
    actual, expected = (_shown(array[places[0]]) for array in (values, wanted))
    return (
        f"differs from the Keras model in {len(places)} of {len(values)} values, first "
        f"{actual} instead of {expected}"
    )


def _shown(value: object) -> str:
    return repr(value.decode(errors="replace")) if isinstance(value, bytes) else str(value)
