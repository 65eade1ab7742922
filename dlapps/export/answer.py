"""An answer: one signature of the exported model, the evidence that it is right, and its use."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.errors import UsageError, in_short
from dlapps.export.kinds import Kind
from dlapps.files import distinct_names
from dlapps.progress import progress

Arrays = Mapping[str, np.ndarray]


class Answer(NamedTuple):
    """A function from raw inputs to named outputs: what `predict` runs, and what is served.

    Every input and output has the examples along its first axis.
    """

    inputs: Mapping[str, tf.TensorSpec]
    """What the function takes, by the names of its arguments, which callers use too."""
    function: Callable[..., Mapping[str, tf.Tensor]]
    """The graph that a server runs, from raw inputs to named outputs."""
    example: Callable[[], tuple[Arrays, Arrays]]
    """Raw inputs, and each output for them, found by Keras by another path than `function`: what
    the exported signature is compared with. Strings are kept in arrays of objects, because NumPy's
    own type drops trailing zero bytes."""
    read: Callable[[str], Arrays | None] | None = None
    """From what a person types to raw inputs, one row or several; None where the text does not ask
    for this answer. Raises UsageError where it does but cannot be read."""
    show: Callable[[str, Arrays, Path, str], dict[str, Any]] | None = None
    """From the text, the outputs for its rows, a directory and a name for files in it, to a record
    of what was found."""
    takes: str = ""
    """What `read` takes, for refusals: "an image (PNG, ...)"."""
    at_once: int = 64
    """Texts that `predict` answers in one call: few where answers are large."""
    suffixes: Sequence[str] = ()
    """Where `read` takes files: theirs, so that a folder of them can be asked for at once."""
    resources: Sequence[object] = ()
    """What the function uses beside variables, such as lookup tables."""
    input_kinds: Mapping[str, Kind] = {}
    """What each input means to a person, by its name: a form in a browser asks for it so."""
    output_kinds: Mapping[str, Kind] = {}
    """What each output means, by its name; one without a kind is numbers or text. Real numbers that
    its facts name are for a decision: the largest along the last axis."""
    rows: Callable[[Any], Iterable[Arrays]] | None = None
    """Raw inputs from the examples of a split, in batches: what an export to 8-bit numbers is
    fitted to and measured on. None where it cannot be."""

    def traced(self) -> tf.types.experimental.ConcreteFunction:
        """The function as one graph, which refuses other shapes and answers no rows with none."""
        for name in self.inputs:
            # TensorFlow would rename it, or number it, without a word.
            if not name.isidentifier():
                raise ValueError(f"An input is called by its name, and {name!r} is no identifier.")
        specs = {
            name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in self.inputs.items()
        }
        function = tf.function(self.function).get_concrete_function(**specs)

        def answer(**tensors: tf.Tensor) -> Mapping[str, tf.Tensor]:
            # A server does not compare shapes with the signature, nor do most layers mind.
            checked = {name: tf.ensure_shape(t, specs[name].shape) for name, t in tensors.items()}
            num_rows = tf.shape(next(iter(checked.values())))[0]
            return tf.cond(
                num_rows == 0,
                lambda: {name: _no_rows(t) for name, t in function.structured_outputs.items()},
                lambda: function(**checked),
            )

        return tf.function(answer).get_concrete_function(**specs)

    def tensors(self, arrays: Arrays) -> dict[str, tf.Tensor]:
        """Raw inputs as tensors of the right types."""
        return {
            name: tf.convert_to_tensor(arrays[name], spec.dtype)
            for name, spec in self.inputs.items()
        }


def _no_rows(like: tf.TensorSpec) -> tf.Tensor:
    return tf.zeros([0, *(size or 0 for size in like.shape[1:])], like.dtype)


def ask(
    answers: Mapping[str, Answer], texts: Sequence[str], directory: Path
) -> list[dict[str, Any]]:
    """A record for each of the texts that a person typed, answered by the first that takes it.

    The record of a text that cannot be read or answered has an `error` that says why. Files go
    into `directory`. No more is read at a time than is answered in one call. Raises UsageError
    where files cannot be written.
    """
    graph = functools.cache(lambda name: answers[name].traced())
    at_once = min((answer.at_once for answer in answers.values() if answer.read), default=1)
    names = distinct_names(texts)
    records: list[dict[str, Any]] = []
    batches = [slice(start, start + at_once) for start in range(0, len(texts), at_once)]
    for batch in progress(batches, "Answering"):
        records += _records(answers, graph, texts[batch], names[batch], directory)
    return records


def _records(
    answers: Mapping[str, Answer],
    graph: Callable[[str], Callable[..., Mapping[str, tf.Tensor]]],
    texts: Sequence[str],
    names: Sequence[str],
    directory: Path,
) -> list[dict[str, Any]]:
    """The records of texts that are answered together, each answer's by its `graph`."""
    records: list[dict[str, Any]] = [{"input": text} for text in texts]
    asked: dict[str, dict[int, Arrays]] = {}
    for number, text in enumerate(texts):
        try:
            chosen, rows = _question(answers, text)
            asked.setdefault(chosen, {})[number] = rows
        except UsageError as error:
            records[number]["error"] = str(error)
    for chosen, questions in asked.items():
        answer = answers[chosen]
        assert answer.show is not None, "what reads a person's text shows the answer"
        replies = _replies(answer, graph(chosen), list(questions.values()))
        for number, outputs in zip(questions, replies, strict=True):
            text = texts[number]
            if outputs is None:
                records[number]["error"] = f"{in_short(text)} is not {answer.takes}."
            else:
                records[number] |= answer.show(text, outputs, directory, names[number])
    return records


def _question(answers: Mapping[str, Answer], text: str) -> tuple[str, Arrays]:
    """The name of the answer that `text` asks for, and the raw inputs that it stands for."""
    for name, answer in answers.items():
        rows = answer.read(text) if answer.read else None
        if rows is not None:
            return name, rows
    takes = dict.fromkeys(answer.takes for answer in answers.values() if answer.read)
    raise UsageError(
        f"'{in_short(text)}' is nothing this run can answer; it takes {', or '.join(takes)}."
    )


def _replies(
    answer: Answer, graph: Callable[..., Mapping[str, tf.Tensor]], rows: Sequence[Arrays]
) -> list[Arrays | None]:
    """The outputs for the rows of each text; None where the graph refuses them."""
    joined = {name: np.concatenate([each[name] for each in rows]) for name in answer.inputs}
    try:
        outputs = {name: t.numpy() for name, t in graph(**answer.tensors(joined)).items()}
    except tf.errors.InvalidArgumentError:
        if len(rows) == 1:
            return [None]
        # One of them is to blame; the others have their answers.
        return [reply for each in rows for reply in _replies(answer, graph, [each])]
    ends = np.cumsum([len(next(iter(each.values()))) for each in rows])[:-1]
    parts = {name: np.split(output, ends) for name, output in outputs.items()}
    return [{name: parts[name][i] for name in parts} for i in range(len(rows))]
