"""What a segmentation learns from masks grown out of what is in images alone, beside true masks.

python benchmarks/grown_masks.py RUN [RUN...] [--to FILE]

The runs are seeds of a weak localization of `shapes`, such as `dlapps compare shapes_log_sum_exp`
leaves. Each masks scenes that it learned from by `dlapps weak_localization predict`; then
`mask_folder_unet` is trained on these masks, those it validates with among them, and once on the
true ones. All are measured against the true masks of the same test scenes.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from command_line import ask
from PIL import Image

from dlapps.datasets.shapes import CLASS_NAMES, make_shapes, make_splits
from dlapps.metrics.segmentation import pixel_confusion, segmentation_report

CONFIG = "mask_folder_unet"
NUM_SCENES = 1000
LEARNED_FROM = ("train", "validation")
GROWN, FROM_GROWN, FROM_TRUE = (
    "the grown masks themselves",
    "U-Net, learned from grown masks",
    "U-Net, learned from true masks",
)


def write_scenes(folder: Path, splits: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """The scenes and true masks of each split as `mask_folder` reads them."""
    for split, columns in splits.items():
        for kind, name in (("images", "image"), ("masks", "mask")):
            (folder / split / kind).mkdir(parents=True)
            for number, pixels in enumerate(columns[name]):
                Image.fromarray(pixels).save(folder / split / kind / f"{number:04d}.png")


def grow_masks(run: Path, scenes: Path, folder: Path) -> None:
    """The same scenes with the masks that the run predicts for those that are learned from."""
    for split in LEARNED_FROM:
        predict(run, scenes / split / "images", folder / split)
        (folder / split / "images").symlink_to(scenes / split / "images")
    (folder / "test").symlink_to(scenes / "test")


def predict(run: Path, images: Path, to: Path) -> None:
    """Writes to/masks, and boxes and maps beside it."""
    ask("weak_localization", "predict", str(run), str(images), "--to", str(to))


def overlap(masks: Path, true: np.ndarray) -> float:
    """The mean IoU of a folder of masks with the true ones [N, H, W]."""
    found = np.stack([np.asarray(Image.open(file)) for file in sorted(masks.glob("*.png"))])
    return segmentation_report(pixel_confusion(true, found, len(CLASS_NAMES)), CLASS_NAMES)[
        "mean_iou"
    ]


def learned(folder: Path, run: Path, seed: int) -> float:
    """The mean IoU on the test scenes of a U-Net that was trained on a folder."""
    settings = {
        "seed": seed,
        "data.path": folder,
        "data.mask_values": list(range(len(CLASS_NAMES))),
        "data.class_names": list(CLASS_NAMES),
    }
    assignments = [f"{key}={json.dumps(value, default=str)}" for key, value in settings.items()]
    options = [part for each in assignments for part in ("--set", each)]
    ask("segmentation", "train", CONFIG, "--run", str(run), *options)
    return ask("segmentation", "evaluate", str(run))["test"]["mean_iou"]


def table(measured: Mapping[str, Sequence[float]]) -> str:
    """The results as Markdown: the mean over the runs, and each."""
    rows = [["", "Mean IoU (test)", "Each run's"], ["---"] * 3]
    for name, values in measured.items():
        each = ", ".join(f"{value:.3f}" for value in values)
        rows.append([name, f"{statistics.mean(values):.3f}", each])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Makes the folders, measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    splits = make_splits(make_shapes, NUM_SCENES)
    measured: dict[str, list[float]] = {GROWN: [], FROM_GROWN: [], FROM_TRUE: []}
    with tempfile.TemporaryDirectory() as scratch:
        scenes = Path(scratch) / "scenes"
        write_scenes(scenes, splits)
        for seed, run in enumerate(options.runs):
            work = Path(scratch) / str(seed)
            predict(run, scenes / "test" / "images", work / "asked")
            measured[GROWN].append(overlap(work / "asked" / "masks", splits["test"]["mask"]))
            grow_masks(run, scenes, work / "grown")
            measured[FROM_GROWN].append(learned(work / "grown", work / "from_grown", seed))
            measured[FROM_TRUE].append(learned(scenes, work / "from_true", seed))
    if options.to:
        options.to.write_text(json.dumps({"masks": measured}, indent=1) + "\n")
    print(table(measured))


if __name__ == "__main__":
    main()
