"""What can be asked of a language model: to go on with a text, and to take one step."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.language.data import LongTextSpec
from dlapps.applications.language.writing import Draws, Writer, prompt_ids
from dlapps.data.text.reading import how_read, read_text
from dlapps.data.text.vocabulary import SPECIAL_TOKENS
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.models.text.language_model import LanguageModel

TAKES = "the beginning of a text"


def writing_answer(writer: Writer, spec: LongTextSpec) -> Answer:
    """Goes on with texts, each drawn by its own temperature and seed."""
    settings, vocabulary = writer.settings, writer.vocabulary

    def go_on(prompts: tf.Tensor, temperature: tf.Tensor, seeds: tf.Tensor) -> dict[str, tf.Tensor]:
        written = writer.continued(prompts, Draws(temperature, seeds))
        return {"continuation": vocabulary.decode(written)}

    def read(text: str) -> Arrays:
        return {
            "prompts": np.array([read_text(text, vocabulary)], object),
            "temperature": np.array([settings.temperature], np.float32),
            "seeds": np.array([settings.seed], np.int64),
        }

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        return {
            "continuation": outputs["continuation"][0].decode(),
            **how_read(text, vocabulary),
        }

    def example() -> tuple[Arrays, Arrays]:
        prompts = np.array([prompt.encode() for prompt in spec.example_prompts], object)
        rows = np.arange(len(prompts))
        asked = {
            "prompts": prompts,
            "temperature": (0.5 * rows).astype(np.float32),
            "seeds": rows.astype(np.int64),
        }
        return asked, _expected(writer, **asked)

    return Answer(
        inputs={
            "prompts": tf.TensorSpec([None], tf.string),
            "temperature": tf.TensorSpec([None], tf.float32),
            "seeds": tf.TensorSpec([None], tf.int64),
        },
        function=go_on,
        example=example,
        read=read,
        show=show,
        takes=TAKES,
        resources=[vocabulary],
        input_kinds={
            "prompts": Kind(
                "text", "what a text begins with", {"examples": [*spec.example_prompts]}
            ),
            "temperature": Kind(
                "numbers",
                "below 1 what is likely is drawn more often; at 0 always the likeliest",
                {"low": [0.0], "high": [1.6]},
            ),
            "seeds": Kind("seed", "a whole number; the same writes the same text"),
        },
        output_kinds={
            "continuation": Kind("text", f"the {settings.length} {spec.unit} that were written")
        },
    )


def step_answer(model: LanguageModel, spec: LongTextSpec) -> Answer:
    """Takes one step from what is remembered: what a program calls that writes as it is read."""
    vocabulary = spec.vocabulary()
    names = [*SPECIAL_TOKENS, *spec.tokens]
    states = {
        name: tf.TensorSpec(shape, tf.float32, name) for name, shape in model.state_shapes.items()
    }

    def step(token: tf.Tensor, **remembered: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, after = model.read(token[:, None], remembered)
        return {"logits": tf.cast(logits[:, 0], tf.float32), **_next(after)}

    def example() -> tuple[Arrays, Arrays]:
        ids, _ = prompt_ids(vocabulary, tf.constant([spec.example_prompts[-1]]))
        nothing = model.initial_states(1)
        before, after = (
            model.predict({"tokens": ids[:, :end], **nothing}, verbose=0)
            for end in (ids.shape[1] - 1, ids.shape[1])
        )
        known = {name: before[name] for name in states}
        expected = {"logits": after["logits"][:, -1], **_next({n: after[n] for n in states})}
        return {"token": ids[:, -1].numpy(), **known}, expected

    return Answer(
        inputs={"token": tf.TensorSpec([None], tf.int32), **states},
        function=step,
        example=example,
        input_kinds={
            "token": Kind("numbers", f"the number of a token, one of {spec.unit}", {"names": names})
        }
        | {
            name: Kind("numbers", "what is remembered of the tokens before; zeros at a beginning")
            for name in states
        },
        output_kinds={
            "logits": Kind(
                "numbers",
                "how likely each token is to follow, before the softmax",
                {"names": names},
            )
        }
        | {f"next_{name}": Kind("numbers", "what is to be remembered") for name in states},
    )


def _next(states: dict[str, Any]) -> dict[str, Any]:
    return {f"next_{name}": state for name, state in states.items()}


def _expected(
    writer: Writer, prompts: np.ndarray, temperature: np.ndarray, seeds: np.ndarray
) -> dict[str, np.ndarray]:
    """The continuations drawn one text at a time from logits that Keras finds in one pass.

    The pass is over the prompt and what `writer` went on with, so that a token which differs is
    seen at the place where it was drawn.
    """
    texts, continued = [], tf.function(writer.continued)
    for row in range(len(prompts)):
        chosen = slice(row, row + 1)
        draws = Draws(tf.constant(temperature[chosen]), tf.constant(seeds[chosen]))
        ids, _ = prompt_ids(writer.vocabulary, tf.constant(prompts[chosen]))
        written = continued(tf.constant(prompts[chosen]), draws)
        read = {"tokens": tf.concat([ids, written[:, :-1]], 1), **writer.model.initial_states(1)}
        logits = writer.model.predict(read, verbose=0)["logits"][0, ids.shape[1] - 1 :]
        count = len(logits)
        every = Draws(tf.repeat(draws.temperature, count), tf.repeat(draws.seeds, count))
        again = writer.drawn(tf.constant(logits), every, tf.range(count))
        texts.append(writer.vocabulary.decode(again[None]).numpy()[0])
    return {"continuation": np.array(texts, object)}
