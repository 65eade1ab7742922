"""Boxes in Pascal VOC's XML files (Everingham et al. 2010), one for each image."""

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from dlapps.data.boxes.annotations import MISSING, Annotation, Reading, Remarks, finite
from dlapps.data.boxes.files import FolderFiles, read_bytes, without_suffix
from dlapps.data.boxes.split_lists import read_split_lists
from dlapps.errors import UsageError, in_short

FOREIGN = "%d XML files have no <annotation> and are left out: %s"
UNLISTED = "%d names in the lists of the splits have no annotation: %s"


def read_voc(files: FolderFiles, remarks: Remarks) -> Reading:
    """Returns an annotation for each XML file whose image is there.

    Its split is the one whose list names it: ImageSets/Main/train.txt, or a table such as
    train_labels.csv with a column filename. Raises UsageError, which names file and line, for XML
    that is broken, has a document type (whose entities may be bombs) or lacks a name or a corner.
    """
    split_of_name = read_split_lists(files)
    annotations, names = [], set()
    for file in files.with_suffix(".xml"):
        parsed = _Parsed(file)
        if parsed.root.tag != "annotation":
            remarks.add(FOREIGN, file)
            continue
        filename = (parsed.root.findtext("filename") or "").strip()
        image = files.find_image(filename, file) if filename else None
        image = image or files.find_image(file.stem, file)
        own_names = {file.stem, without_suffix(filename)} | ({image.stem} if image else set())
        names |= own_names
        if image is None:
            remarks.add(MISSING, Path(in_short(filename or file.stem)))
            continue
        splits = {split_of_name[name] for name in own_names if name in split_of_name}
        annotations.append(parsed.annotation(image, min(splits, default=None)))
    for name in split_of_name.keys() - names:
        remarks.add(UNLISTED, Path(in_short(name)))
    return Reading(annotations, frozenset(split_of_name.values()))


class _Parsed:
    """The elements of one file and the lines they are on."""

    def __init__(self, file: Path):
        self.file = file
        self.lines: dict[Element, int] = {}
        builder = TreeBuilder()
        parser = expat.ParserCreate()

        def start(tag: str, attributes: dict[str, str]) -> None:
            self.lines[builder.start(tag, attributes)] = parser.CurrentLineNumber

        def refuse(*_: object) -> NoReturn:
            raise UsageError(
                f"{file} has a document type (<!DOCTYPE>), which VOC does not need: remove it."
            )

        parser.StartElementHandler = start
        parser.EndElementHandler = builder.end
        parser.CharacterDataHandler = builder.data
        parser.StartDoctypeDeclHandler = refuse
        try:
            parser.Parse(read_bytes(file), True)
        # The last two are encodings that Python or the parser does not know.
        except (expat.ExpatError, LookupError, ValueError) as error:
            what = in_short(str(error).partition(": line ")[0])
            raise UsageError(
                f"{file} is broken XML: line {parser.CurrentLineNumber}: {what}."
            ) from error
        self.root = builder.close()

    def annotation(self, image: Path, split: str | None) -> Annotation:
        """Returns what the file says of its image."""
        objects = self.root.findall("object")
        names = tuple(" ".join(self._text(element, "name").split()) for element in objects)
        boxes = [self._box(element) for element in objects]
        return Annotation(image, self.file, boxes, names, split, self._said_size())

    def _box(self, element: Element) -> tuple[float, float, float, float]:
        corners = element.find("bndbox")
        if corners is None:
            raise UsageError(
                f"{self.file}, line {self.lines[element]}: the object has no <bndbox>."
            )
        left, top, right, bottom = (
            self._number(corners, side) for side in ("xmin", "ymin", "xmax", "ymax")
        )
        if right <= left or bottom <= top:
            # By the letter one pixel wide, but really a click where a box was to be dragged.
            return left, top, left, top
        # VOC's pixels count from 1, and the last one belongs to the box.
        return left - 1, top - 1, right, bottom

    def _number(self, corners: Element, side: str) -> float:
        text = self._text(corners, side)
        number = finite(text)
        if number is None:
            line = self.lines[next(corners.iter(side))]
            raise UsageError(f"{self.file}, line {line}: {side} is {in_short(text)}, no number.")
        return number

    def _text(self, element: Element, tag: str) -> str:
        text = (element.findtext(tag) or "").strip()
        if not text:
            raise UsageError(
                f"{self.file}, line {self.lines[element]}: the <{element.tag}> has no <{tag}>."
            )
        return text

    def _said_size(self) -> tuple[int, int] | None:
        height, width = (
            finite(self.root.findtext(f"size/{side}") or "") for side in ("height", "width")
        )
        return (int(height), int(width)) if height and width else None
