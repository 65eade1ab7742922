"""What a folder of one's own photos needs: a pretrained network beside LeNet-5, on two folders.

python benchmarks/own_photos.py [--to FILE]

DLAPPS_MANUAL_DIR holds raccoon/raccoon.zip (200 photos) and coco128/coco128.zip (128 photos with
boxes). Made of them: raccoons against other photos, of mixed sizes; and ten classes of things cut
out and made 32 pixels wide, where those of a class that are in one photo are in one split. Each is
trained, with the config's own settings, as `dlapps classification train CONFIG --set
data.path=FOLDER`, and measured on images that took no part.
"""

import argparse
import collections
import io
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from command_line import ask
from PIL import Image

SIDE = 32
NUM_CLASSES = 10
MOST_PHOTOS, MOST_OF_A_PHOTO = 25, 3
"""Of a class; else half of all would be persons."""
SPLITS = ("train", "test", "train", "test", "validation")
"""The photos of a class take turns: as many are measured on as are learned from."""
CONFIGS: Mapping[str, Sequence[str]] = {
    "image_folder_pretrained": (),
    "image_folder_lenet5": (f"data.image_size=[{SIDE},{SIDE}]", "data.channels=3"),
}

Photo = tuple[str, bytes]


def photos(archive: Path) -> Iterator[Photo]:
    """The name and the bytes of each photo in a ZIP file, in order."""
    with zipfile.ZipFile(archive) as file:
        for name in sorted(file.namelist()):
            if name.lower().endswith(".jpg"):
                yield name, file.read(name)


def write_two_classes(data: Path, folder: Path) -> None:
    """Raccoons, and photos of anything else, each as it is."""
    for name, archive in (("raccoon", "raccoon/raccoon.zip"), ("other", "coco128/coco128.zip")):
        (folder / name).mkdir(parents=True)
        for number, (_, contents) in enumerate(photos(data / archive)):
            (folder / name / f"{number:03d}.jpg").write_bytes(contents)


def write_ten_classes(data: Path, folder: Path) -> None:
    """The ten classes that are in most photos of COCO128, at least 32 pixels wide and high."""
    things: dict[str, list[list[Image.Image]]] = collections.defaultdict(list)
    for photo, boxes in labelled_photos(data / "coco128/coco128.zip"):
        of_kind: dict[str, list[Image.Image]] = collections.defaultdict(list)
        for kind, box in boxes:
            left, top, right, bottom = box
            if min(right - left, bottom - top) >= SIDE:
                of_kind[kind].append(photo.crop(box).resize((SIDE, SIDE)))
        for kind, found in of_kind.items():
            things[kind].append(found)
    for kind in sorted(things, key=lambda kind: -len(things[kind]))[:NUM_CLASSES]:
        for split in SPLITS:
            (folder / split / f"class {kind}").mkdir(parents=True, exist_ok=True)
        for number, found in enumerate(things[kind][:MOST_PHOTOS]):
            for index, thing in enumerate(found[:MOST_OF_A_PHOTO]):
                split = SPLITS[number % len(SPLITS)]
                thing.save(folder / split / f"class {kind}" / f"{number:03d}_{index}.png")


def labelled_photos(
    archive: Path,
) -> Iterator[tuple[Image.Image, list[tuple[str, tuple[float, float, float, float]]]]]:
    """Each photo with the class and the box (left, top, right, bottom) of each thing in it."""
    with zipfile.ZipFile(archive) as file:
        labels = {Path(name).stem: name for name in file.namelist() if name.endswith(".txt")}
        for name, contents in photos(archive):
            photo = Image.open(io.BytesIO(contents)).convert("RGB")
            label = labels.get(Path(name).stem)
            lines = file.read(label).decode().splitlines() if label else []
            boxes = []
            for kind, *numbers in map(str.split, lines):
                x, y, width, height = map(float, numbers)
                left, right = ((x + side * width / 2) * photo.width for side in (-1, 1))
                top, bottom = ((y + side * height / 2) * photo.height for side in (-1, 1))
                boxes.append((kind, (left, top, right, bottom)))
            yield photo, boxes


def measure(config: str, folder: Path, run: Path, settings: Sequence[str]) -> dict[str, Any]:
    """The test accuracy of a config that was trained on a folder, and the time it took."""
    options = [part for setting in settings for part in ("--set", setting)]
    began = time.monotonic()
    ask(
        "classification",
        "train",
        config,
        "--run",
        str(run),
        "--set",
        f"data.path={folder}",
        *options,
    )
    seconds = time.monotonic() - began
    report = ask("classification", "evaluate", str(run))["test"]
    return {
        "accuracy": report["accuracy"],
        "num_examples": report["num_examples"],
        "seconds": round(seconds, 1),
    }


def table(folders: Mapping[str, Mapping[str, Any]]) -> str:
    """The results as Markdown: a row a folder and config."""
    rows = [
        ["Folder", "Config", "Test accuracy", "Test photos", "Training, with start and reading"]
    ]
    rows.append(["---"] * len(rows[0]))
    for folder, configs in folders.items():
        for config, found in configs.items():
            accuracy, seconds = f"{found['accuracy']:.3f}", f"{found['seconds']:.0f} s"
            rows.append([folder, f"`{config}`", accuracy, str(found["num_examples"]), seconds])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Makes the folders, measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    data = Path(os.environ["DLAPPS_MANUAL_DIR"])
    makers = {
        "raccoons and other photos": write_two_classes,
        "ten classes of 32 pixels": write_ten_classes,
    }
    measured: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, write in makers.items():
            folder = Path(scratch) / name.replace(" ", "_")
            write(data, folder)
            measured[name] = {
                config: measure(config, folder, Path(scratch) / f"{config}_{folder.name}", settings)
                for config, settings in CONFIGS.items()
            }
    if options.to:
        options.to.write_text(json.dumps({"folders": measured}, indent=1) + "\n")
    print(table(measured))


if __name__ == "__main__":
    main()
