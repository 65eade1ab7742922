"""An answer: one signature of the exported model, the evidence that it is right, and its use."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlapps.errors import UsageError
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
    resources: Sequence[object] = ()
    """What the function uses beside variables, such as lookup tables."""

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

    Files go into `directory`. All texts are read and answered before the first file is written.
    Raises UsageError, which names the text, where one cannot be read or answered.
    """
    questions = [_question(answers, text) for text in texts]
    outputs: dict[int, Arrays] = {}
    for name, answer in answers.items():
        own = [number for number, (chosen, _) in enumerate(questions) if chosen == name]
        if own:
            rows = [questions[number][1] for number in own]
            replies = _replies(answer, [texts[number] for number in own], rows)
            outputs |= dict(zip(own, replies, strict=True))
    records = []
    for number, name in enumerate(distinct_names(texts)):
        show = answers[questions[number][0]].show
        assert show is not None, "what reads a person's text shows the answer"
        found = show(texts[number], outputs[number], directory, name)
        records.append({"input": texts[number], **found})
    return records


def _question(answers: Mapping[str, Answer], text: str) -> tuple[str, Arrays]:
    """The name of the answer that `text` asks for, and the raw inputs that it stands for."""
    for name, answer in answers.items():
        rows = answer.read(text) if answer.read else None
        if rows is not None:
            return name, rows
    takes = dict.fromkeys(answer.takes for answer in answers.values() if answer.read)
    raise UsageError(f"{text!r} is nothing this run can answer; it takes {', or '.join(takes)}.")


def _replies(answer: Answer, texts: Sequence[str], rows: Sequence[Arrays]) -> list[Arrays]:
    """The outputs for the rows of each text."""
    traced = answer.traced()

    def reply(batch: Sequence[Arrays]) -> list[Arrays]:
        joined = {name: np.concatenate([each[name] for each in batch]) for name in answer.inputs}
        outputs = {name: t.numpy() for name, t in traced(**answer.tensors(joined)).items()}
        ends = np.cumsum([len(next(iter(each.values()))) for each in batch])[:-1]
        parts = {name: np.split(output, ends) for name, output in outputs.items()}
        return [{name: parts[name][i] for name in parts} for i in range(len(batch))]

    replies: list[Arrays] = []
    starts = range(0, len(texts), answer.at_once)
    batches = [range(i, min(i + answer.at_once, len(texts))) for i in starts]
    for batch in progress(batches, "Answering"):
        try:
            replies += reply([rows[i] for i in batch])
        except tf.errors.InvalidArgumentError:
            # One of them is to blame; the others must not be named.
            for i in batch:
                try:
                    replies += reply([rows[i]])
                except tf.errors.InvalidArgumentError as error:
                    raise UsageError(f"{texts[i]} is not {answer.takes}.") from error
    return replies
