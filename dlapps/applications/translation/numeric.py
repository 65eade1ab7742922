"""A translator's two networks from numbers to numbers: what a search of one's own would call."""

import numpy as np
import tensorflow as tf

from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.data.text.vocabulary import END, PADDING, SPECIAL_TOKENS, START
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind
from dlapps.models.text.translation_model import TranslationModel


def network_answers(model: TranslationModel, spec: SentencePairsSpec) -> dict[str, Answer]:
    """`encode` reads the numbers of a sentence's tokens; `decode` takes one step from there.

    The numbers go without what is made of them elsewhere: splitting a sentence into tokens, and
    the search for the likeliest translation. What grows from step to step is empty before the
    first: neither format is good at making empty tensors, so that the caller does.
    """
    inputs = {t.name: tf.TensorSpec(t.shape, t.dtype) for t in model.decoder.inputs}
    _, *memory_and_states = inputs
    states = memory_and_states[model.memory_size :]
    growing = [name for name in states if None in inputs[name].shape[1:]]
    source, _ = spec.vocabularies()
    source_names = [*SPECIAL_TOKENS, *spec.source_tokens]
    target_names = [*SPECIAL_TOKENS, *spec.target_tokens]

    def encoded(outputs: list) -> dict:
        named = dict(zip(memory_and_states, outputs, strict=True))
        return {name: tensor for name, tensor in named.items() if name not in growing}

    def decoded(outputs: list) -> dict:
        names = ["logits", "attention", *(f"next_{state}" for state in states)]
        return dict(zip(names, outputs, strict=True))

    ids = source.encode(tf.constant(spec.example_sentences)).numpy()

    def encode_example() -> tuple[Arrays, Arrays]:
        return {"source": ids}, encoded(model.encoder.predict(ids, verbose=0))

    def second_step() -> tuple[Arrays, Arrays]:
        """By then nothing is empty."""
        start = np.full((len(ids), 1), START, np.int32)
        memory_and_first = model.encoder.predict(ids, verbose=0)
        _, _, *after = model.decoder.predict([start, *memory_and_first], verbose=0)
        step = dict(zip(inputs, [start, *memory_and_first[: model.memory_size], *after]))
        return step, decoded(model.decoder.predict(list(step.values()), verbose=0))

    return {
        "encode": Answer(
            inputs={"source": tf.TensorSpec([None, None], tf.int32)},
            function=lambda source: encoded(model.encoder(source, training=False)),
            example=encode_example,
            input_kinds={
                "source": Kind(
                    "numbers",
                    f"the numbers of a sentence's tokens, ended by {END} and padded with "
                    f"{PADDING}; a token is one of the {spec.source_unit}",
                    {"names": source_names},
                )
            },
        ),
        "decode": Answer(
            inputs=inputs | {"target": tf.TensorSpec([None, 1], tf.int32)},
            function=lambda **tensors: decoded(
                model.decoder([tensors[name] for name in inputs], training=False)
            ),
            example=second_step,
            input_kinds={
                "target": Kind(
                    "numbers",
                    f"the number of the token before, first {START}; {END} ends a sentence",
                ),
                **{name: _past(inputs[name]) for name in growing},
            },
            output_kinds={
                "logits": Kind(
                    "numbers",
                    "how likely each token is to follow, before the softmax",
                    {"names": target_names},
                )
            },
        ),
    }


def _past(spec: tf.TensorSpec) -> Kind:
    return Kind(
        "numbers",
        f"what is kept of the tokens before; at first there is none, 0 rows of {spec.shape[-1]}",
    )
