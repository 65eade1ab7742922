"""Boxes in COCO's JSON files (Lin et al. 2014), one for all images or one for each split."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from dlapps.data.boxes.annotations import MISSING, Annotation, Reading, Remarks, finite
from dlapps.data.boxes.files import FolderFiles, read_text, split_in_name
from dlapps.errors import UsageError, did_you_mean, in_short

CROWDS = "%d annotations of crowds (iscrowd) are left out: %s"
FOREIGN = "%d JSON files have no images and annotations and are left out: %s"

Box = tuple[float, float, float, float]


def read_coco(files: FolderFiles, remarks: Remarks) -> Reading:
    """Returns an annotation for each image that the JSON files list and that is there.

    The split is in a file's name or in that of its folder; one file without is for all. Where
    some are called instances, as in COCO itself, the others are passed over. The class names come
    by the categories' ids. Raises UsageError, which names the file and the line or the entry, for
    what is broken.
    """
    candidates = files.with_suffix(".json")
    candidates = [file for file in candidates if file.name.startswith("instances")] or candidates
    loaded = {file: _load(file) for file in candidates}
    by_split: dict[str | None, Path] = {}
    annotations: list[Annotation] = []
    categories: dict[str, _Category] = {}
    for file, data in loaded.items():
        if not {"images", "annotations"} <= data.keys():
            remarks.add(FOREIGN, file)
            continue
        split = split_in_name(file.stem) or files.split_of(file)
        if split in by_split or (by_split and None in (split, *by_split)):
            other = by_split.get(split) or next(iter(by_split.values()))
            raise UsageError(
                f"{other} and {file} are not for two different splits by their names; call them "
                "train.json, val.json and test.json, or keep one file for all."
            )
        by_split[split] = file
        own = _categories(file, data)
        for category in own.values():
            categories.setdefault(category.name, category)
        annotations += _annotations(files, file, data, own, split, remarks)
    splits = frozenset(split for split in by_split if split)
    return Reading(annotations, splits, _class_names(categories, annotations))


class _Category(NamedTuple):
    number: int
    name: str
    group: str | None


def _class_names(
    categories: dict[str, _Category], annotations: list[Annotation]
) -> tuple[str, ...]:
    """Returns the names by the categories' ids, but not those that only group others."""
    groups = {category.group for category in categories.values() if category.group != category.name}
    used = {name for annotation in annotations for name in annotation.names}
    ordered = sorted(categories.values())
    return tuple(kind.name for kind in ordered if kind.name in used or kind.name not in groups)


def _load(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise UsageError(f"{file} is broken JSON: line {error.lineno}: {error.msg}.") from error
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{file} is JSON with numbers too long, or lists too deep.") from error
    return data if isinstance(data, dict) else {}


def _entries(file: Path, data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = data.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{file}: {key} must be a list of objects with keys and values.")
    return entries


def _value(file: Path, kind: str, entry: dict[str, Any], key: str, types: type | tuple) -> Any:
    """Returns the value of a key of an entry, which the error calls by its id."""
    value = entry.get(key)
    if not isinstance(value, types) or isinstance(value, bool):
        raise UsageError(f"{file}: the {kind} {_id(entry)} has no {key} that can be used.")
    return value


def _categories(file: Path, data: dict[str, Any]) -> dict[int, _Category]:
    categories = {}
    for entry in _entries(file, data, "categories"):
        number = _value(file, "category", entry, "id", int)
        name = _value(file, "category", entry, "name", str)
        group = entry.get("supercategory")
        group = group if isinstance(group, str) else None
        if number in categories:
            raise UsageError(f"{file} has two categories with the id {number}.")
        categories[number] = _Category(number, name, group)
    return categories


def _annotations(
    files: FolderFiles,
    file: Path,
    data: dict[str, Any],
    categories: dict[int, _Category],
    split: str | None,
    remarks: Remarks,
) -> list[Annotation]:
    objects = _objects(file, data, categories, remarks)
    found = []
    for entry in data["images"]:
        name = _value(file, "image", entry, "file_name", str)
        image = files.find_image(name, file, split)
        if image is None:
            remarks.add(MISSING, Path(in_short(name)))
            continue
        own = objects[entry["id"]]
        boxes, names = [box for box, _ in own], tuple(name for _, name in own)
        found.append(Annotation(image, file, boxes, names, split, _said_size(entry)))
    return found


def _objects(
    file: Path, data: dict[str, Any], categories: dict[int, _Category], remarks: Remarks
) -> dict[int | str, list[tuple[Box, str]]]:
    """Returns the boxes and classes in each image, by its id."""
    objects: dict[int | str, list[tuple[Box, str]]] = {}
    for entry in _entries(file, data, "images"):
        number = _value(file, "image", entry, "id", (int, str))
        if number in objects:
            raise UsageError(f"{file} has two images with the id {in_short(str(number))}.")
        objects[number] = []
    for entry in _entries(file, data, "annotations"):
        number = _value(file, "annotation", entry, "image_id", (int, str))
        if number not in objects:
            raise UsageError(
                f"{file}: the annotation {_id(entry)} is of the image {in_short(str(number))}, "
                "which is not among its images."
            )
        box, category = _box(file, entry), _category(file, entry, categories)
        if entry.get("iscrowd"):
            remarks.add(CROWDS, file)
        else:
            objects[number].append((box, category))
    return objects


def _id(entry: dict[str, Any]) -> str:
    number = entry.get("id")
    return in_short(str(number)) if isinstance(number, (int, str)) else "without id"


def _box(file: Path, entry: dict[str, Any]) -> Box:
    given = _value(file, "annotation", entry, "bbox", list)
    numbers = [finite(value) for value in given if isinstance(value, (int, float))]
    if len(given) != 4 or len(numbers) != 4 or None in numbers:
        raise UsageError(
            f"{file}: the bbox of the annotation {_id(entry)} must be four numbers: left, top, "
            "width, height."
        )
    left, top, width, height = (number for number in numbers if number is not None)
    return left, top, left + width, top + height


def _category(file: Path, entry: dict[str, Any], categories: dict[int, _Category]) -> str:
    number = _value(file, "annotation", entry, "category_id", int)
    if number not in categories:
        raise UsageError(
            f"{file}: the annotation {_id(entry)} has the category {in_short(str(number))}, which "
            "is not among the categories" + did_you_mean(number, map(str, categories))
        )
    return categories[number].name


def _said_size(entry: dict[str, Any]) -> tuple[int, int] | None:
    height, width = entry.get("height"), entry.get("width")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None
