"""The answers that take and give numbers alone, for formats that know no strings."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.export.answer import Answer, Arrays


def numeric_answers(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Those of `answers` whose inputs are numbers, without such outputs as are strings.

    An answer that goes by two names keeps the second, which says what it does.
    """
    taking_numbers = {
        name: answer
        for name, answer in answers.items()
        if not any(spec.dtype == tf.string for spec in answer.inputs.values())
    }
    last_name = {id(answer): name for name, answer in taking_numbers.items()}
    return {
        name: _giving_numbers(answer)
        for name, answer in taking_numbers.items()
        if last_name[id(answer)] == name
    }


def _giving_numbers(answer: Answer) -> Answer:
    def function(**tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = answer.function(**tensors)
        return {name: tensor for name, tensor in outputs.items() if tensor.dtype != tf.string}

    def example() -> tuple[Arrays, Arrays]:
        inputs, outputs = answer.example()
        numbers = {name: array for name, array in outputs.items() if array.dtype.kind not in "OSU"}
        return inputs, numbers

    return answer._replace(function=function, example=example)


def as_arrays(answer: Answer, inputs: Arrays) -> dict[str, np.ndarray]:
    """The inputs of an answer as arrays of the right types, which a file does not see to."""
    return {name: tensor.numpy() for name, tensor in answer.tensors(inputs).items()}


class NumericGraph(NamedTuple):
    """The function of an answer, called with tensors in the order of their specs."""

    function: tf.types.experimental.PolymorphicFunction
    specs: list[tf.TensorSpec]
    """As they are to be called in a file."""
    resources: Sequence[object]
    """What the function uses beside variables."""

    def concrete(self) -> tf.types.experimental.ConcreteFunction:
        """The one graph for these specs."""
        return self.function.get_concrete_function(*self.specs)

    def operations(self) -> set[str]:
        """The names of all operations, those inside of loops and functions, too."""
        graph = self.concrete().graph.as_graph_def()
        inner = [node for function in graph.library.function for node in function.node_def]
        return {node.op for node in [*graph.node, *inner]}


def numeric_graph(answer: Answer, num_rows: int | None) -> NumericGraph:
    """The graph of an answer for so many rows at a time, or for any."""
    names = list(answer.inputs)
    specs = [
        tf.TensorSpec([num_rows, *spec.shape[1:]], spec.dtype, name)
        for name, spec in answer.inputs.items()
    ]
    function = tf.function(
        lambda *tensors: dict(answer.function(**dict(zip(names, tensors, strict=True))))
    )
    return NumericGraph(function, specs, answer.resources)
