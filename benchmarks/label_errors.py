"""How many of the labels that `suspects` finds were really made wrong, on Fashion-MNIST.

python benchmarks/label_errors.py [--share 0.05] [--seed 1] [--folds 4] [--to FILE]

DLAPPS_MANUAL_DIR holds fashion_mnist. A copy of it is prepared in which a share of the training
labels, drawn by a seed, is each another class than it was; then `dlapps classification train` and
`suspects --split train` run on the copy, and their list is compared with what was changed.
"""

import argparse
import csv
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from command_line import ask

from dlapps.data.images.labelled import LabelledData, load_labelled

CONFIG = "fashion_mnist_lenet5"
SETTINGS = (
    "training.steps=1500",
    "training.learning_rate=1e-2",
    "training.schedule.name=one_cycle",
    "training.schedule.warmup_steps=0",
    "training.ema_momentum=null",
    "training.checkpoint_every=500",
    "training.validate_every=1500",
)
"""A fifth of the config's steps: what finds faulty labels need not be the best there is."""
NUM_TRAIN, NUM_CLASSES = 60_000, 10


class FlippedFashionMNIST(tfds.image_classification.FashionMNIST, skip_registration=True):
    """Fashion-MNIST with some of its training labels changed, under its own name."""

    name = "fashion_mnist"

    def __init__(self, *, share: float, seed: int, **options: Any):
        random = np.random.RandomState(seed)
        self.shifts = np.zeros(NUM_TRAIN, np.int64)
        chosen = random.permutation(NUM_TRAIN)[: round(share * NUM_TRAIN)]
        self.shifts[chosen] = random.randint(1, NUM_CLASSES, len(chosen))
        super().__init__(**options)

    def _generate_examples(self, num_examples, data_path, label_path) -> Iterator:
        for index, record in super()._generate_examples(num_examples, data_path, label_path):
            shift = self.shifts[index] if num_examples == NUM_TRAIN else 0
            yield index, {**record, "label": (int(record["label"]) + int(shift)) % NUM_CLASSES}


def prepare_flipped(manual_dir: Path, data_dir: Path, share: float, seed: int) -> None:
    """Prepares the copy in `data_dir`, where the suite finds it in place of the published set."""
    builder = FlippedFashionMNIST(share=share, seed=seed, data_dir=data_dir)
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(
            manual_dir=manual_dir / "fashion_mnist", try_download_gcs=False
        )
    )


def faulty_names(data_dir: Path) -> tuple[set[str], int]:
    """The training examples whose label in `data_dir` is not the published one, and how many all
    training examples are."""
    labels, names = {}, np.array([])
    settings = LabelledData(name="fashion_mnist")
    for place in (None, data_dir):
        if place is not None:
            os.environ["DLAPPS_DATA_DIR"] = str(place)
        train = load_labelled(settings)["train"]
        labels[place], names = train.columns["label"], train.names.astype(str)
    return {*names[labels[None] != labels[data_dir]].tolist()}, len(names)


def compared(listed: Sequence[str], faulty: set[str], num_train: int) -> dict[str, Any]:
    """How many of the listed are faulty: of all, and of as many of the first as are faulty."""
    hits = np.array([name in faulty for name in listed])
    top = len(faulty)
    return {
        "num_train": num_train,
        "num_faulty": len(faulty),
        "num_suspects": len(listed),
        "precision": float(hits.mean()),
        "recall": float(hits.sum() / len(faulty)),
        "precision_of_as_many_as_are_faulty": float(hits[:top].mean()),
        "precision_of_first_100": float(hits[:100].mean()),
    }


def measure(manual_dir: Path, share: float, seed: int, folds: int, scratch: Path) -> dict[str, Any]:
    """What suspects finds by confident learning and by loss, and the time that the folds took."""
    prepare_flipped(manual_dir, scratch / "data", share, seed)
    faulty, num_train = faulty_names(scratch / "data")
    run = scratch / "run"
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    ask("classification", "train", CONFIG, "--run", str(run), *options)
    methods = {}
    for name, number in (("loss of the run itself", 0), (f"{folds} folds", folds)):
        began = time.monotonic()
        told = ask(
            "classification", "suspects", str(run), "--split", "train", "--folds", str(number)
        )
        with open(told["files"][0], encoding="utf-8") as file:
            rows = csv.DictReader(line for line in file if not line.startswith("# "))
            listed = [row["example"] for row in rows]
        seconds = round(time.monotonic() - began)
        methods[name] = {**compared(listed, faulty, num_train), "seconds": seconds}
    facts = {"config": CONFIG, "settings": SETTINGS, "share": share, "seed": seed}
    return {**facts, "methods": methods}


def table(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """The results as Markdown: a row a method."""
    rows = [["Suspects by", "As many as are faulty", "All suspects", "Of the faulty, found"]]
    rows.append(["---"] * len(rows[0]))
    for name, found in methods.items():
        first = f"{found['precision_of_as_many_as_are_faulty']:.1%} right"
        everything = f"{found['precision']:.1%} of {found['num_suspects']:,}"
        rows.append([name, first, everything, f"{found['recall']:.1%}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Prepares, measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=0.05, help="of the labels made wrong")
    parser.add_argument("--seed", type=int, default=1, help="of what is made wrong")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        manual_dir = Path(os.environ["DLAPPS_MANUAL_DIR"])
        document = measure(manual_dir, options.share, options.seed, options.folds, Path(scratch))
    if options.to:
        options.to.write_text(json.dumps(document, indent=1) + "\n")
    print(table(document["methods"]))


if __name__ == "__main__":
    main()
