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
    the search for the likeliest translation.
    """
    inputs = {t.name: tf.TensorSpec(t.shape, t.dtype) for t in model.decoder.inputs}
    _, *memory_and_states = inputs
    states = memory_and_states[model.memory_size :]
    source, _ = spec.vocabularies()
    source_names = [*SPECIAL_TOKENS, *spec.source_tokens]
    target_names = [*SPECIAL_TOKENS, *spec.target_tokens]

    def encoded(outputs: list) -> dict:
        return dict(zip(memory_and_states, outputs, strict=True))

    def decoded(outputs: list) -> dict:
        names = ["logits", "attention", *(f"next_{state}" for state in states)]
        return dict(zip(names, outputs, strict=True))

    def sentences() -> tuple[np.ndarray, Arrays]:
        ids = source.encode(tf.constant(spec.example_sentences)).numpy()
        return ids, encoded(model.encoder.predict(ids, verbose=0))

    def first_step() -> tuple[Arrays, Arrays]:
        ids, memory = sentences()
        inputs = {"target": np.full((len(ids), 1), START, np.int32), **memory}
        return inputs, decoded(model.decoder.predict(list(inputs.values()), verbose=0))

    def encode_example() -> tuple[Arrays, Arrays]:
        ids, memory = sentences()
        return {"source": ids}, memory

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
            example=first_step,
            input_kinds={
                "target": Kind(
                    "numbers",
                    f"the number of the token before, first {START}; {END} ends a sentence",
                )
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
