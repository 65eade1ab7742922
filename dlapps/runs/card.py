"""The model card that every export carries: front matter for model hubs, then text for people."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dlapps.config.files import dump_yaml
from dlapps.config.schema import Reference
from dlapps.data.sources.origin import Origin
from dlapps.errors import printable
from dlapps.explain.figures.names import field_name
from dlapps.export.description import Signatures, Tensors, class_names
from dlapps.runs.report_page import number_text

MODEL_CARD = "MODEL_CARD.md"
MOST_CLASSES = 20
"""Classes that are listed; `model.json` has them all."""
UNSAFE = re.compile(r"([\\`*\[\]<>|~&$#!{}]|(?<![^\W_])_|_(?![^\W_]))")
"""What could be Markdown or HTML in the middle of a line; an underscore inside a word is none."""
NO_HUB_NAME = re.compile(r"[^\w.-]+")

TASKS = {
    ("image_file", "boxes"): "object-detection",
    ("image_file", "class_probabilities"): "image-classification",
    ("image_file", "class_map"): "image-segmentation",
    ("image_file", "images"): "image-to-image",
    ("image_file", "numbers"): "image-feature-extraction",
    ("image_file", "picture_file"): "image-to-image",
    ("image_file", "sentence"): "image-to-text",
    ("numbers", "numbers"): "tabular-regression",
    ("numbers", "picture_file"): "unconditional-image-generation",
    ("observation", "action"): "reinforcement-learning",
    ("point", "class_probabilities"): "tabular-classification",
    ("seed", "images"): "unconditional-image-generation",
    ("sentence", "class_probabilities"): "text-classification",
    ("wav_file", "sentence"): "automatic-speech-recognition",
    ("sentence", "sentence"): "translation",
    ("text", "text"): "text-generation",
    ("wav_file", "class_probabilities"): "audio-classification",
}
"""What the hub calls a model that takes the one kind and gives the other."""


class ModelCard(NamedTuple):
    """What a model card tells of an exported run."""

    name: str
    application: str
    summary: str
    """What its application does, in a sentence."""
    network: str
    num_parameters: int
    signatures: Signatures
    data_name: str
    origin: Origin
    examples: Mapping[str, int]
    """How many there are in each split, where that was recorded."""
    fingerprints: Mapping[str, str]
    """The digest of each split."""
    seed: int
    is_finished: bool
    """Whether the training had ended when it was exported."""
    metrics: Mapping[str, Mapping[str, Any]]
    """Each split's; empty where the exported weights were not measured."""
    reference: Reference | None
    command: str
    """The one that trains it."""
    facts: Mapping[str, str]
    """What it was trained with and on: versions, commit, hardware."""


def card_text(card: ModelCard) -> str:
    """The card as Markdown that begins with YAML between two lines of `---`."""
    sections = {
        "What it takes and gives": _signatures(card),
        "Data": _data(card),
        "Results": _results(card),
        "Limits": _limits(card),
        "Training": _training(card),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    opening = (
        f"{_plain(card.summary)} Its network is a {_plain(card.network)} of "
        f"{card.num_parameters:,} parameters, trained by dlapps and exported as a SavedModel of "
        "TensorFlow, which needs neither Keras nor dlapps."
    )
    front_matter = dump_yaml(_front_matter(card))
    return f"---\n{front_matter}---\n\n# {_plain(card.name)}\n\n{opening}\n\n{body}\n"


def _front_matter(card: ModelCard) -> dict[str, Any]:
    """What the Hugging Face hub reads; the licence of the model is for its owner to add."""
    task = _task(card.signatures)
    results = _measured(card)
    about: dict[str, Any] = {
        "model_name": card.name,
        "library_name": "tensorflow",
        "pipeline_tag": task,
        "tags": ["tensorflow", "saved-model", "dlapps", card.application],
        "datasets": [card.origin.hub_name] if card.origin.hub_name else None,
        "metrics": [*results] or None,
    }
    if results:
        data = {
            "type": card.origin.hub_name or NO_HUB_NAME.sub("-", card.data_name),
            "name": card.data_name,
            "split": "test",
        }
        metrics = [
            {"type": name, "value": value, "name": field_name(name)}
            for name, value in results.items()
        ]
        result = {
            "task": {"type": task or card.application}, "dataset": data, "metrics": metrics,
        }  # fmt: skip
        about["model-index"] = [{"name": card.name, "results": [result]}]
    return {key: value for key, value in about.items() if value is not None}


def _task(signatures: Signatures) -> str | None:
    """The hub's name for what the first signature does; None where it has none."""
    first = next(iter(signatures.values()))
    taken, given = ([each["kind"] for each in first[side].values()] for side in first)
    return next((task for (a, b), task in TASKS.items() if taken[:1] == [a] and b in given), None)


def _measured(card: ModelCard) -> dict[str, float]:
    """The metrics of the test split that are numbers and not counts."""
    return {
        name: value
        for name, value in card.metrics.get("test", {}).items()
        if isinstance(value, float) and math.isfinite(value)
    }


def _signatures(card: ModelCard) -> str:
    parts = [
        "The first size of every shape, N, counts the examples that are asked at once. "
        "`model.json` says the same for programs."
    ]
    for name, sides in card.signatures.items():
        rows = [*_tensor_rows("takes", sides["inputs"]), *_tensor_rows("gives", sides["outputs"])]
        table = _table(["", "Name", "Type", "Shape", "What it is"], rows)
        parts.append(f"### {_plain(name)}\n\n{table}")
    names = class_names(card.signatures)
    if names is not None:
        listed = ", ".join(map(_plain, names[:MOST_CLASSES]))
        more = len(names) - MOST_CLASSES
        rest = f" and {more:,} more, which `model.json` lists" if more > 0 else ""
        parts.append(f"The {len(names):,} classes, in order: {listed}{rest}.")
    return "\n\n".join(parts)


def _tensor_rows(verb: str, tensors: Tensors) -> list[list[str]]:
    return [
        [verb, name, each["dtype"], _shape(each["shape"]), each["description"]]
        for name, each in tensors.items()
    ]


def _shape(sizes: Sequence[int | None]) -> str:
    first, *others = sizes
    rest = ["any" if size is None else str(size) for size in others]
    return f"({', '.join(['N' if first is None else str(first), *rest])})"


def _data(card: ModelCard) -> str:
    origin = card.origin
    description = f": {_plain(origin.description)}" if origin.description else ""
    homepage = f" ({origin.homepage})" if origin.homepage else ""
    rows = [
        [split, f"{card.examples[split]:,}" if split in card.examples else "", digest]
        for split, digest in card.fingerprints.items()
    ]
    table = _table(["Split", "Examples, or starts of episodes", "SHA-256"], rows)
    return (
        f"The data set is {_plain(card.data_name)}{description}{homepage}. Licence of the data: "
        f"{_plain(origin.license)}.\n\n{table}"
    )


def _results(card: ModelCard) -> str:
    if not card.is_finished:
        return (
            "None are stated: the training had not ended when this was exported, so that what "
            "was measured may be of other weights."
        )
    if not _measured(card):
        return "None are stated: nothing was measured on a test split before this was exported."
    count = f" ({card.examples['test']:,} examples)" if "test" in card.examples else ""
    stated = (
        f"Measured on the test split{count}, of which nothing was learned and by which nothing "
        f"was chosen in this run. **One seed ({card.seed})**: how much another would differ is "
        "not known."
    )
    values = {
        name: value
        for name, value in card.metrics["test"].items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    reference = card.reference
    published = {reference.metric: number_text(reference.value)} if reference else {}
    rows = [
        [field_name(name), number_text(value), published.get(name, "")]
        for name, value in values.items()
    ]
    header = ["Metric", "Value", "Published"]
    table = _table(header, rows) if published else _table(header[:2], [row[:2] for row in rows])
    source = ""
    if reference:
        source = (
            f"\n\nPublished: {number_text(reference.value)} {_plain(field_name(reference.metric))}"
            f", {_plain(reference.source)} ({_plain(reference.protocol)})."
        )
    return f"{stated}\n\n{table}{source}"


def _limits(card: ModelCard) -> str:
    limits = [
        f"It was trained on {_plain(card.data_name)} alone. Of other data, the figures above say "
        "nothing."
    ]
    if not card.is_finished:
        limits.append("Its training had not ended: these are the best weights so far.")
    names = class_names(card.signatures)
    if names is not None:
        limits.append(
            f"It knows {len(names):,} classes and always answers with one of them, also where "
            "none is right."
        )
    if card.origin.is_divided_by_users:
        limits.append(
            "Unless the data were divided by hand, what belongs together (one person, one place, "
            "one film) may be both in training and in test, and the figures flatter."
        )
    limits.append("A licence for the model itself is not stated; whoever publishes it chooses one.")
    return "\n".join(f"- {limit}" for limit in limits)


def _training(card: ModelCard) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", card.command)), default=0))
    facts = _table(["Trained with", ""], [[*fact] for fact in card.facts.items()])
    return f"The command that trains it:\n\n{fence}\n{printable(card.command)}\n{fence}\n\n{facts}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would take for its own."""
    return UNSAFE.sub(r"\\\1", printable(text))
