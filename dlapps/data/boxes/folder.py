"""The user's own folder of images with boxes around objects: read, checked and split."""

import itertools
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from dlapps.data.boxes.annotations import Annotation, Boxed, Reading, Remarks, place
from dlapps.data.boxes.coco import read_coco
from dlapps.data.boxes.files import FolderFiles, read_bytes
from dlapps.data.boxes.voc import read_voc
from dlapps.data.boxes.yolo import label_files, read_yolo
from dlapps.data.images.folder import read_header
from dlapps.data.sources.folders import IMAGES, SPLITS, WHERE, map_in_threads, warn_of_unreadable
from dlapps.data.splits import carve_tenths
from dlapps.errors import UsageError, did_you_mean, in_short

logger = logging.getLogger(__name__)

Layout = Literal["voc", "coco", "yolo"]

_EXPECTED = (
    "Expected are images and, for each, a Pascal VOC file (voc: annotations/1.xml), a YOLO file "
    "(yolo: images/1.jpg with labels/1.txt and classes.txt), or one COCO file for all (coco: "
    "annotations.json)."
)
_CHOOSE = "Say which to read with --set data.layout=voc, coco or yolo."

UNMENTIONED = "%d images are annotated nowhere and left out: %s"
IN_NO_SPLIT = "%d annotated images are in none of the splits and left out: %s"
ROTATED = (
    "%d images were annotated as a viewer shows them, turned by their EXIF orientation, but are "
    "stored unturned, so that their boxes do not fit and they are left out: %s"
)
OTHER_SIZE = "%d images have another size than their annotations say; their boxes may not fit: %s"


class BoxFolder(NamedTuple):
    """The images of train, validation and test, each with its boxes, and the classes' names."""

    splits: dict[str, list[Boxed]]
    class_names: tuple[str, ...]


def load_box_folder(
    path: Path,
    layout: Literal["auto", Layout] = "auto",
    class_names: tuple[str, ...] | None = None,
) -> BoxFolder:
    """Returns the images and boxes of each split, sorted by path, and the names of the classes.

    Splits are those that lists, file names or folders tell of (see `read_voc`, `read_coco` and
    `read_yolo`); one that none tells of gets a tenth of train by a fixed permutation, the same on
    every machine and for every run's seed. Without `class_names` they are COCO's categories by
    their ids, YOLO's names in their order, or the sorted names in VOC's train.

    Boxes are clipped to their images and left out where nothing remains. Images that are missing,
    are none by their first bytes, or were annotated turned are left out. Each of that takes one
    warning. Raises UsageError for files that are broken, an unknown class, a split without images
    and a train without objects.
    """
    if not path.is_dir():
        raise UsageError(f"The folder {path} does not exist or is no folder. {WHERE} {_EXPECTED}")
    files, remarks = FolderFiles(path), Remarks()
    try:
        reading = _read(files, layout, class_names, remarks)
        return _checked(files, reading, class_names, remarks)
    finally:
        # Where an error follows from what is left out, the warnings tell how it came about.
        remarks.log()


def _read(
    files: FolderFiles,
    layout: Literal["auto", Layout],
    class_names: tuple[str, ...] | None,
    remarks: Remarks,
) -> Reading:
    chosen = _decide_layout(files) if layout == "auto" else layout
    if chosen == "voc":
        return read_voc(files, remarks)
    if chosen == "coco":
        return read_coco(files, remarks)
    return read_yolo(files, class_names, remarks)


def _decide_layout(files: FolderFiles) -> Layout:
    xml, json = files.with_suffix(".xml"), files.with_suffix(".json")
    found: list[Layout] = []
    if any(b"<annotation" in read_bytes(file) for file in xml):
        found.append("voc")
    if any(b'"annotations"' in read_bytes(file) for file in json):
        found.append("coco")
    if label_files(files):
        found.append("yolo")
    if len(found) > 1:
        raise UsageError(f"{files.root} has annotations of {' and '.join(found)}. {_CHOOSE}")
    # Files that are nothing by their contents are read nonetheless: the error tells what is wrong.
    found += ["voc"] if xml else ["coco"] if json else []
    if not found:
        raise UsageError(f"There are no images with boxes in {files.root}. {_EXPECTED}")
    return found[0]


def _checked(
    files: FolderFiles,
    reading: Reading,
    class_names: tuple[str, ...] | None,
    remarks: Remarks,
) -> BoxFolder:
    annotations = sorted(reading.annotations, key=lambda annotation: annotation.image)
    for one, other in itertools.pairwise(annotations):
        if one.image == other.image:
            raise UsageError(
                f"{one.image} is annotated twice, in {one.source} and in {other.source}."
            )
    annotated = {annotation.image for annotation in annotations}
    for image in files.images:
        if image not in annotated:
            remarks.add(UNMENTIONED, image)
    splits = _splits_told(files, annotations, reading.splits, remarks)
    names = class_names or reading.class_names or _names_in(splits["train"])
    _check_names(files.root, annotations, names)
    missing = [split for split in SPLITS if split not in splits]
    if len(splits["train"]) <= len(missing):
        for_others = f", too few to set some aside for {' and '.join(missing)}" if missing else ""
        raise UsageError(
            f"{files.root} has {len(splits['train'])} annotated images for train{for_others}. "
            f"{_EXPECTED}"
        )
    splits |= carve_tenths(splits["train"], missing)
    boxed = _place_all({split: splits[split] for split in SPLITS}, remarks)
    _check_enough(files.root, boxed, names)
    return BoxFolder(boxed, names)


def _splits_told(
    files: FolderFiles, annotations: list[Annotation], splits: Iterable[str], remarks: Remarks
) -> dict[str, list[Annotation]]:
    """Returns the annotations of the splits that files or else folders tell of, or all as train."""
    told = [annotation.split for annotation in annotations]
    if not splits:
        told = [files.split_of(annotation.image) for annotation in annotations]
        splits = {split for split in told if split}
    if not splits:
        return {"train": annotations}
    by_split: dict[str, list[Annotation]] = {split: [] for split in {"train", *splits}}
    for split, annotation in zip(told, annotations):
        if split is None:
            remarks.add(IN_NO_SPLIT, annotation.image)
        else:
            by_split[split].append(annotation)
    return by_split


def _names_in(annotations: Iterable[Annotation]) -> tuple[str, ...]:
    return tuple(sorted({name for annotation in annotations for name in annotation.names}))


def _check_names(root: Path, annotations: Iterable[Annotation], names: Sequence[str]) -> None:
    """Raises UsageError for names that cannot name classes, and for objects of other classes."""
    for index, name in enumerate(names):
        if not name.strip() or not name.isprintable() or name in names[:index]:
            raise UsageError(
                f"The class {index} of {root} is called {in_short(name) or 'nothing'}; names have "
                "to be printable and different."
            )
    for annotation in annotations:
        for name in annotation.names:
            if name not in names:
                raise UsageError(
                    f"{annotation.source} has an object of the class {in_short(name)}, which is "
                    "not among the classes" + did_you_mean(name, names)
                )


def _place_all(splits: dict[str, list[Annotation]], remarks: Remarks) -> dict[str, list[Boxed]]:
    """Returns the images that can be read with their boxes, checked against the images' sizes."""
    everything = [annotation.image for listed in splits.values() for annotation in listed]
    headers = map_in_threads(read_header, everything, "Looking at images")
    header_of = dict(zip(everything, headers))
    boxed: dict[str, list[Boxed]] = {split: [] for split in splits}
    for split, listed in splits.items():
        for annotation in listed:
            header = header_of[annotation.image]
            if header is None:
                continue
            size, said = header[0], annotation.said_size
            if said and said != size and said == size[::-1]:
                remarks.add(ROTATED, annotation.image)
                continue
            if said and said != size and all(said):
                remarks.add(OTHER_SIZE, annotation.image)
            boxed[split].append(place(annotation, size, remarks))
    unreadable = [image for image, header in header_of.items() if header is None]
    warn_of_unreadable(sorted(unreadable), len(everything), IMAGES)
    return boxed


def _check_enough(root: Path, splits: dict[str, list[Boxed]], names: Sequence[str]) -> None:
    for split, boxed in splits.items():
        if not boxed:
            raise UsageError(f"{root} has no image left for {split}.")
    found = {name for boxed in splits["train"] for name in boxed.names}
    if not found:
        raise UsageError(f"{root} has no object in any image of train.")
    absent = [name for name in names if name not in found]
    if absent:
        logger.warning(
            "%d of %d classes have no object in train and cannot be learned: %s",
            len(absent),
            len(names),
            in_short(", ".join(absent)),
        )
