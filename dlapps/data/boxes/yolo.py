"""Boxes in YOLO's text files (Redmon et al. 2016), one for each image."""

from pathlib import Path

from dlapps.config import files as config_files
from dlapps.data.boxes.annotations import Annotation, Reading, Remarks, finite
from dlapps.data.boxes.files import FolderFiles, read_text
from dlapps.errors import UsageError, did_you_mean, in_short

UNLABELLED = "%d images have no label file and count as images without objects: %s"
WITHOUT_IMAGE = "%d label files have no image and are left out: %s"

LARGEST_PART = 1.1
"""Of width and height; rounding, and boxes moved past the edge, give a bit more than 1."""

LONGEST_NUMBER = 10
"""Digits of a class's; Python refuses to read thousands."""

NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml", "classes.txt", "obj.names")


def read_yolo(files: FolderFiles, class_names: tuple[str, ...] | None, remarks: Remarks) -> Reading:
    """Returns an annotation for each image in a folder images/, or beside a label file.

    The label file is in labels/ where images/ is in the image's path, or beside the image. The
    names of the classes are in data.yaml, classes.txt or obj.names, or else `class_names` numbers
    them. Raises UsageError, which names file and line, for what is no `class x y width height`.
    """
    names = _class_names(files) or class_names
    if names is None:
        raise UsageError(
            f"{files.root} does not say what its classes are called: expected is a file "
            "classes.txt with one name a line, obj.names, or data.yaml with names."
        )
    labels = label_files(files)
    used = set(labels.values())
    folders = {label.parent for label in used}
    annotations = []
    for image in files.images:
        if image not in labels:
            if "images" not in files.folders_of(image) and image.parent not in folders:
                continue
            remarks.add(UNLABELLED, image)
            annotations.append(Annotation(image, image, [], ()))
        else:
            annotations.append(_read(labels[image], image, names))
    for label in files.with_suffix(".txt"):
        is_label = "labels" in files.folders_of(label) and label.name.lower() not in NAME_FILES
        if is_label and label not in used:
            remarks.add(WITHOUT_IMAGE, label)
    return Reading(annotations, class_names=names)


def label_files(files: FolderFiles) -> dict[Path, Path]:
    """Returns the label file of each image that has one."""
    texts = {text for text in files.with_suffix(".txt") if text.name.lower() not in NAME_FILES}
    labels: dict[Path, Path] = {}
    images: dict[Path, Path] = {}
    for image in files.images:
        label = next((text for text in _places(files, image) if text in texts), None)
        if label is None:
            continue
        if label in images:
            raise UsageError(f"{images[label]} and {image} have one label file, {label}.")
        images[label], labels[image] = image, label
    return labels


def _places(files: FolderFiles, image: Path) -> list[Path]:
    """Returns where the label of an image may be."""
    folders = list(files.folders_of(image))
    places = [image.with_suffix(".txt")]
    if "images" in folders:
        # The last one: the folder of a whole set may be called images too.
        last = len(folders) - 1 - folders[::-1].index("images")
        folders[last] = "labels"
        places.insert(0, files.root.joinpath(*folders, f"{image.stem}.txt"))
    return places


def _read(label: Path, image: Path, class_names: tuple[str, ...]) -> Annotation:
    boxes, names = [], []
    for number, line in enumerate(read_text(label).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{label}, line {number}"
        word, *rest = line.split()
        parts = [finite(part) for part in rest]
        if len(parts) != 4 or any(part is None or abs(part) > LARGEST_PART for part in parts):
            raise UsageError(
                f"{where} is {in_short(line.strip())}; expected is the number of a class, then "
                "the box's centre x and y, width and height as parts (0 to 1) of the image's."
            )
        index = int(word) if word.isdecimal() and len(word) < LONGEST_NUMBER else len(class_names)
        if index >= len(class_names):
            raise UsageError(
                f"{where} has the class {in_short(word)}, which is not the number of one of the "
                f"{len(class_names)} names" + did_you_mean(word, map(str, range(len(class_names))))
            )
        x, y, width, height = (part for part in parts if part is not None)
        boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        names.append(class_names[index])
    return Annotation(image, label, boxes, tuple(names), are_parts=True)


def _class_names(files: FolderFiles) -> tuple[str, ...] | None:
    """Returns the names that the folder's files agree on; None where there is no such file."""
    found = {file: _names_in(file) for file in files.files if file.name.lower() in NAME_FILES}
    named = {file: names for file, names in found.items() if names is not None}
    for file, names in named.items():
        first = next(iter(named))
        if names != named[first]:
            raise UsageError(f"{first} and {file} name the classes differently; keep one of them.")
    return next(iter(named.values()), None)


def _names_in(file: Path) -> tuple[str, ...] | None:
    if file.suffix.lower() not in (".yaml", ".yml"):
        # What follows the last name may be blank; a blank line before it is a class unnamed.
        return tuple(line.strip() for line in read_text(file).rstrip().split("\n"))
    values = config_files.load_yaml(config_files.read_text(file), str(file))
    names = values.get("names")
    if names is None:
        return None
    if isinstance(names, dict):
        names = [names.get(number) for number in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, (str, int)) for name in names):
        raise UsageError(
            f"{file}: names must list the classes, or give one for each number from 0."
        )
    return tuple(str(name) for name in names)
