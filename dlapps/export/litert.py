"""LiteRT, once TensorFlow Lite: a file for telephones and small boards, one row at a time."""

import functools
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from dlapps.export.answer import Arrays
from dlapps.export.numeric import NumericGraph

CANNOT = {
    "StatelessRandom": "draws random numbers, for which there is no operation",
}
"""Why not, by the beginning of the name of an operation."""
CANNOT_IN_8_BITS = CANNOT | {
    "RFFT": "begins with the spectrum of a waveform, whose powers are too far apart for 8 bits",
    # TensorFlow's calibrator ends the whole process there, by a segmentation fault.
    "While": "is recurrent, and fitting 8-bit numbers crashes in a loop over steps",
}
FITTED_ROWS = 200
"""Examples that show which numbers 8 bits must reach."""


def convert(graph: NumericGraph, examples: Iterable[Arrays] | None) -> bytes:
    """The contents of a LiteRT file; in 8-bit numbers where there are examples.

    Only LiteRT's own operations are in it, so that every runtime has them.
    """
    function = graph.concrete()
    state = tf.Module()
    state.variables_used = list(function.graph.variables)
    state.resources = list(graph.resources)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], state)
    if examples is not None:
        names = [spec.name for spec in graph.specs]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = functools.partial(_fitted_rows, names, examples)
        # Where it has no operation in 8 bits, as for arranging, one in floats stays.
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
    return converter.convert()


def _fitted_rows(names: list[str], examples: Iterable[Arrays]) -> Iterator[list[np.ndarray]]:
    left = FITTED_ROWS
    for batch in examples:
        for row in range(min(left, len(batch[names[0]]))):
            yield [np.asarray(batch[name][row : row + 1]) for name in names]
            left -= 1
        if left == 0:
            return


def load(path: Path) -> Callable[[Arrays], Arrays]:
    """What the file answers, row by row, from inputs to outputs by their names."""
    runner = _interpreter_class()(model_path=str(path)).get_signature_runner()

    def answer(inputs: Arrays) -> Arrays:
        num_rows = len(next(iter(inputs.values())))
        rows = [
            runner(**{name: array[row : row + 1] for name, array in inputs.items()})
            for row in range(num_rows)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    return answer


def _interpreter_class() -> type:
    """The runtime of its own package where that is installed, else the one inside TensorFlow."""
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter
    return tf.lite.Interpreter
