"""A look at the data of a config before anything is trained: what there is, what is there twice."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dlapps.applications import load_application
from dlapps.config.schema import Config
from dlapps.data.batches import in_order
from dlapps.data.duplicates import alike_pairs, digests_of, equal_pairs, thumbnails_of
from dlapps.data.images.folder import read_header
from dlapps.data.sources.folders import map_in_threads
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.explain.figures.data_inspection import (
    ShownPair,
    balance_figure,
    duplicates_figure,
    histogram_figure,
    mean_images_figure,
)
from dlapps.explain.figures.png import png_bytes
from dlapps.files import json_text, write_into
from dlapps.progress import progress

DOCUMENT = "inspection.json"
MOST_EXAMPLES = 100_000
"""Of a split; of a larger one as many are looked at, evenly spaced."""
MOST_PAIRS = 1000
"""That are written down; all are counted."""
MOST_DRAWN = 24
DRAWN = "train"
"""The split of which mean images and lengths are drawn."""
READ_AT_ONCE = 256
CONTENTS = ("image", "waveform", "point", "source_text", "text")
"""What an example consists of, beside its label: the first of these that there is."""


class Inspected(NamedTuple):
    """What was seen of a split, a row an example in each array."""

    total: int
    """How many examples the split has, of which the arrays may hold fewer."""
    names: list[str]
    """Which example of its source each is, such as a file."""
    digests: np.ndarray
    unusable: np.ndarray
    """bool: holds no information, or no numbers: an image of one colour, silence, NaN."""
    labels: np.ndarray | None = None
    """int: -1 where a label is kept secret, as in the test split of a contest."""
    objects: np.ndarray | None = None
    """int [examples, classes]: how many objects of each class an image has."""
    thumbnails: np.ndarray | None = None
    lengths: Mapping[str, np.ndarray] = {}
    image_sums: np.ndarray | None = None
    """float64 [classes, H, W, C]: of all images of a class; one class where there are no labels;
    None of splits that are not drawn."""


def inspect_data(config: Config, config_name: str, directory: Path) -> dict[str, Any]:
    """What there is in the data of a config, also written into `directory`, with pictures.

    By split the number of examples, of each class, and their lengths; pairs of examples that are
    equal or, as images, alike, those across splits first; examples that hold nothing. Raises
    UsageError where there is nothing to look at before training, as with an agent's games, or
    where `directory` cannot be written to.
    """
    application = load_application(config.application)(config)
    data = application.build_data()
    splits = application.to_inspect(data)
    if not splits:
        raise UsageError(
            f"{config.application} learns from what it does itself; it has no data to inspect."
        )
    class_names = list(getattr(data.spec, "class_names", ()))
    inspected = {name: _inspect(name, split, class_names) for name, split in splits.items()}
    pairs, correlations = _duplicates(inspected)
    shown = _shown_pairs(inspected, pairs[:MOST_PAIRS], correlations[:MOST_PAIRS], class_names)
    described = {
        "application": config.application,
        "config": config_name,
        "data": config.data.name,
        "splits": {name: _describe(each, class_names) for name, each in inspected.items()},
        "duplicates": _describe_duplicates(inspected, pairs, correlations, shown),
    }
    sizes = _file_sizes(config, inspected)
    if sizes is not None:
        described["file_sizes"] = {
            name: _quantiles(side) for name, side in zip(("height", "width"), sizes.T, strict=True)
        }
    figures = _figures(inspected, class_names, shown, len(pairs))
    files = [
        write_into(directory, f"{name}.png", png_bytes(figure)) for name, figure in figures.items()
    ]
    document = write_into(directory, DOCUMENT, json_text(described) + "\n")
    return described | {"files": [str(path) for path in (document, *files)]}


def _inspect(name: str, examples: Examples, class_names: list[str]) -> Inspected:
    """A split, read once, block by block."""
    total = len(examples)
    rows = np.arange(total)
    if total > MOST_EXAMPLES:
        rows = np.linspace(0, total - 1, MOST_EXAMPLES).astype(int)
        examples = examples[rows]
    parts: dict[str, list[np.ndarray]] = {}
    image_sums = None
    for block in progress(_blocks(examples), f"Looking at {name}", -(-len(rows) // READ_AT_ONCE)):
        kind = next(each for each in CONTENTS if each in block)
        found = _look_at(kind, block)
        if "label" in block:
            found["label"] = block["label"]
        if "classes" in block:
            numbers = range(len(class_names))
            found["objects"] = np.stack([(block["classes"] == n).sum(axis=1) for n in numbers], 1)
        for each, values in found.items():
            parts.setdefault(each, []).append(values)
        if kind == "image" and name == DRAWN:
            sums = _sums_by_class(block, len(class_names) if "label" in block else 1)
            image_sums = sums if image_sums is None else image_sums + sums
    whole = {each: np.concatenate(values) for each, values in parts.items()}
    named = examples.names
    return Inspected(
        total,
        [f"{name} {row}" for row in rows]
        if named is None
        else [each.decode(errors="replace") for each in named.tolist()],
        whole["digest"],
        whole["unusable"],
        whole.get("label"),
        whole.get("objects"),
        whole.get("thumbnail"),
        {each: values for each, values in whole.items() if each in ("source", "target", "text")},
        image_sums,
    )


def _blocks(examples: Examples) -> Iterator[dict[str, np.ndarray]]:
    for block in in_order(examples, READ_AT_ONCE, lambda columns: columns):
        yield {name: column.numpy() for name, column in block.items()}


def _look_at(kind: str, block: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is kept of a block of examples: a row each."""
    content = block[kind]
    if kind == "source_text":
        texts = [b"\t".join(pair) for pair in zip(content, block["target_text"], strict=True)]
        lengths = {
            side: np.array([len(text.split()) for text in block[f"{side}_text"]])
            for side in ("source", "target")
        }
        unusable = np.minimum(lengths["source"], lengths["target"]) == 0
        return {"digest": digests_of(texts), "unusable": unusable, **lengths}
    if kind == "text":
        words = np.array([len(text.split()) for text in content])
        return {"digest": digests_of(content), "unusable": words == 0, "text": words}
    flat = content.reshape(len(content), -1)
    found = {"digest": digests_of(content), "unusable": ~np.isfinite(flat).all(axis=1)}
    if kind == "point":
        return found
    found["unusable"] |= flat.min(axis=1) == flat.max(axis=1)
    if kind == "image":
        found["thumbnail"] = thumbnails_of(content)
    return found


def _sums_by_class(block: Mapping[str, np.ndarray], num_classes: int) -> np.ndarray:
    images = block["image"]
    sums = np.zeros((num_classes, *images.shape[1:]))
    np.add.at(sums, block.get("label", np.zeros(len(images), int)), images)
    return sums


def _duplicates(inspected: Mapping[str, Inspected]) -> tuple[np.ndarray, np.ndarray]:
    """int [P, 2]: pairs of rows of all splits one after another; float [P]: what they correlate.

    Equal ones have 1. Those across splits come first, then the most alike.
    """
    digests = np.concatenate([each.digests for each in inspected.values()])
    pairs = equal_pairs(digests)
    correlations = np.ones(len(pairs))
    thumbnails = [each.thumbnails for each in inspected.values() if each.thumbnails is not None]
    if thumbnails:
        # One of all that are equal: of a placeholder that is there a thousand times, a million
        # pairs would say no more.
        firsts = np.unique(digests, return_index=True)[1]
        alike, found = alike_pairs(
            np.concatenate(thumbnails)[firsts],
            track=lambda starts: progress(starts, "Comparing images"),
        )
        pairs = np.concatenate([pairs, np.sort(firsts[alike], axis=1)])
        correlations = np.concatenate([correlations, found])
    splits = _split_numbers(inspected)
    is_within = splits[pairs[:, 0]] == splits[pairs[:, 1]]
    order = np.lexsort((pairs[:, 0], -correlations, is_within))
    return pairs[order], correlations[order]


def _split_numbers(inspected: Mapping[str, Inspected]) -> np.ndarray:
    """The number of the split of each row of all splits one after another."""
    return np.repeat(np.arange(len(inspected)), [len(each.names) for each in inspected.values()])


def _describe(split: Inspected, class_names: list[str]) -> dict[str, Any]:
    described: dict[str, Any] = {"num_examples": split.total}
    if split.total > len(split.names):
        described["looked_at"] = len(split.names)
    if split.labels is not None:
        counts = np.bincount(split.labels[split.labels >= 0], minlength=len(class_names))
        described["classes"] = dict(zip(class_names, counts.tolist(), strict=True))
    if split.objects is not None:
        counts = split.objects.sum(axis=0).tolist()
        described["objects"] = dict(zip(class_names, counts, strict=True))
        described["without_objects"] = int(np.sum(split.objects.sum(axis=1) == 0))
    if split.lengths:
        described["words"] = {side: _quantiles(each) for side, each in split.lengths.items()}
    empty = np.flatnonzero(split.unusable)
    described["without_content"] = [split.names[row] for row in empty[:MOST_PAIRS]]
    return described


def _quantiles(values: np.ndarray) -> dict[str, float]:
    smallest, median, largest = (float(v) for v in np.quantile(values, [0, 0.5, 1]))
    return {"smallest": smallest, "median": median, "largest": largest}


def _describe_duplicates(
    inspected: Mapping[str, Inspected],
    pairs: np.ndarray,
    correlations: np.ndarray,
    shown: Sequence[ShownPair],
) -> dict[str, Any]:
    """How many pairs there are, between which splits, and the first of them by name."""
    splits, names = _split_numbers(inspected), list(inspected)
    counts: dict[str, dict[str, int]] = {}
    of_pair = splits[pairs]
    for one, other in np.unique(of_pair, axis=0):
        between = (of_pair == (one, other)).all(axis=1)
        place = names[one] if one == other else f"{names[one]} and {names[other]}"
        equal = int(np.sum(between & (correlations == 1)))
        counts[place] = {"equal": equal, "alike": int(between.sum()) - equal}
    described: dict[str, Any] = {"counts": counts}
    if all(each.labels is not None for each in inspected.values()):
        labels = np.concatenate([each.labels for each in inspected.values()])[pairs]
        is_known = (labels >= 0).all(axis=1)
        described["labels_differ"] = int(np.sum(is_known & (labels[:, 0] != labels[:, 1])))
    return described | {"pairs": [each.described() for each in shown]}


def _shown_pairs(
    inspected: Mapping[str, Inspected],
    pairs: np.ndarray,
    correlations: np.ndarray,
    class_names: list[str],
) -> list[ShownPair]:
    places = [(name, row) for name, each in inspected.items() for row in range(len(each.names))]

    def of_side(index: int) -> tuple[str, str, str | None, np.ndarray | None]:
        split, row = places[index]
        each = inspected[split]
        number = -1 if each.labels is None else each.labels[row]
        label = class_names[number] if number >= 0 else None
        image = None if each.thumbnails is None else each.thumbnails[row]
        return split, each.names[row], label, image

    return [
        ShownPair(*of_side(one), *of_side(other), float(correlation))
        for (one, other), correlation in zip(pairs, correlations, strict=True)
    ]


def _file_sizes(config: Config, inspected: Mapping[str, Inspected]) -> np.ndarray | None:
    """int [N, 2]: height and width of the image files in the folder that the config names."""
    folder = getattr(config.data, "path", None)
    if folder is None:
        return None
    files = [Path(folder, name) for each in inspected.values() for name in each.names]
    headers = map_in_threads(read_header, [f for f in files if f.is_file()], "Looking at files")
    sizes = [header[0] for header in headers if header]
    return np.array(sizes) if sizes else None


def _figures(
    inspected: Mapping[str, Inspected],
    class_names: list[str],
    shown: Sequence[ShownPair],
    num_pairs: int,
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    labels = {
        name: each.labels[each.labels >= 0]
        for name, each in inspected.items()
        if each.labels is not None
    }
    labels |= {
        name: np.repeat(np.arange(len(class_names)), each.objects.sum(axis=0))
        for name, each in inspected.items()
        if each.objects is not None
    }
    if labels:
        figures["balance"] = balance_figure(labels, class_names)
    train = inspected[DRAWN]
    if train.image_sums is not None:
        counts, names = np.array([len(train.names)]), []
        if train.labels is not None:
            counts, names = np.bincount(train.labels, minlength=len(class_names)), class_names
        figures["mean_images"] = mean_images_figure(train.image_sums, counts, names)
    if train.lengths:
        figures["lengths"] = histogram_figure(train.lengths, "words a sentence, train")
    if shown and shown[0].first_image is not None:
        figures["duplicates"] = duplicates_figure(shown[:MOST_DRAWN], num_pairs)
    return figures
