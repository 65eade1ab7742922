"""ONNX: a graph of numbers that onnxruntime, and much else, runs without TensorFlow."""

import importlib.util
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from dlapps.errors import UsageError
from dlapps.export.answer import Arrays
from dlapps.export.numeric import NumericGraph

CANNOT = {
    "RFFT": "begins with the spectrum of a waveform, of which the converter would make an invalid "
    "file",
    "StatelessRandom": "draws random numbers, for which there is no operation",
}
"""Why not, by the beginning of the name of an operation."""


def check_installed() -> None:
    """Raises UsageError where what writes and runs ONNX is missing."""
    missing = [name for name in ("tf2onnx", "onnxruntime") if not importlib.util.find_spec(name)]
    if missing:
        raise UsageError(
            f"ONNX needs {' and '.join(missing)}: install the extra of that name, "
            "pip install '.[onnx]'. --format litert needs nothing more."
        )


def convert(graph: NumericGraph, _examples: Iterable[Arrays] | None) -> bytes:
    """The contents of an ONNX file; inputs and outputs keep their names."""
    import tf2onnx

    # It names what it does not know as an error and goes on; loading the file fails then.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    concrete = graph.concrete()
    names = [spec.name for spec in graph.specs]
    # Not its from_function, which takes what the function captured for further inputs.
    inputs = [tensor.name for tensor in concrete.inputs[: len(names)]]
    outputs = {tensor.name: name for name, tensor in concrete.structured_outputs.items()}
    frozen = tf2onnx.tf_loader.from_function(concrete, inputs, list(outputs))
    model, _ = tf2onnx.convert.from_graph_def(
        frozen,
        input_names=inputs,
        output_names=list(outputs),
        tensors_to_rename={**dict(zip(inputs, names, strict=True)), **outputs},
    )
    return model.SerializeToString()


def load(path: Path) -> Callable[[Arrays], Arrays]:
    """What the file answers, from inputs to outputs by their names."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, dict(inputs)), strict=True))
