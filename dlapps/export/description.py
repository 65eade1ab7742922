"""`model.json`: what an exported model takes and gives, for programs that know nothing of it."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from dlapps.export.answer import Answer
from dlapps.export.kinds import Kind

MODEL_JSON = "model.json"
FORMAT = 1
"""Counts the changes that would mislead a reader of an earlier form."""

Functions = Mapping[str, tf.types.experimental.ConcreteFunction]
Tensors = Mapping[str, Mapping[str, Any]]
Signatures = Mapping[str, Mapping[str, Tensors]]
"""By signature, then "inputs" and "outputs", then name: `dtype`, `shape`, `kind` and its facts."""


def describe_signatures(answers: Mapping[str, Answer], functions: Functions) -> Signatures:
    """What is known of each tensor of each signature, in plain values.

    `functions` are the answers' graphs, from which types and shapes are taken; in a shape, None
    is a size that differs from call to call. The first is that of the examples.
    """
    return {
        name: {
            "inputs": _tensors(functions[name].structured_input_signature[1], answer.input_kinds),
            "outputs": _tensors(functions[name].structured_outputs, answer.output_kinds),
        }
        for name, answer in answers.items()
    }


def _tensors(specs: Mapping[str, tf.TensorSpec], kinds: Mapping[str, Kind]) -> Tensors:
    return {name: describe_tensor(spec, kinds.get(name)) for name, spec in specs.items()}


def describe_tensor(spec: tf.TensorSpec, kind: Kind | None) -> dict[str, Any]:
    """What is known of a tensor of which nothing may be said: `kind` None."""
    is_text = spec.dtype == tf.string
    kind = kind or Kind("text" if is_text else "numbers", "text" if is_text else "numbers")
    return {
        "dtype": spec.dtype.name,
        "shape": spec.shape.as_list(),
        "kind": kind.name,
        "description": kind.description,
        **kind.facts,
    }


def model_description(name: str, application: str, signatures: Signatures) -> dict[str, Any]:
    """What `model.json` says of an exported model; `classes` is null where it knows none."""
    return {
        "format": FORMAT,
        "name": name,
        "application": application,
        "classes": class_names(signatures),
        "signatures": signatures,
    }


def class_names(signatures: Signatures) -> list[str] | None:
    """The classes that the first output with such tells apart; None where none does."""
    for signature in signatures.values():
        for each in signature["outputs"].values():
            if each["kind"] in ("class_probabilities", "class_map", "boxes") and "names" in each:
                return [*each["names"]]
    return None
