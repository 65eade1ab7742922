"""Images of a few pixels, and boxes around nothing written down in each layout."""

import json
import logging

import numpy as np
from PIL import Image

from dlapps.data.boxes.folder import load_box_folder

HEIGHT, WIDTH = 20, 30
BOX = (2, 3, 12, 9)
"""Left, top, right, bottom in pixels from 0."""
SPLITS = ("train", "validation", "test")


def add_file(path, contents=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def add_image(path, size=(HEIGHT, WIDTH)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(size, np.uint8)).save(path)
    return path


def voc(*objects, filename="", size=(HEIGHT, WIDTH)):
    """The XML of objects (class, left, top, right, bottom in pixels from 0)."""
    lines = [f"<annotation>\n<filename>{filename}</filename>"]
    lines += [f"<size><width>{size[1]}</width><height>{size[0]}</height></size>"]
    for name, left, top, right, bottom in objects:
        corners = {"xmin": left + 1, "ymin": top + 1, "xmax": right, "ymax": bottom}
        inner = "".join(f"<{side}>{value}</{side}>" for side, value in corners.items())
        lines.append(f"<object><name>{name}</name>\n<bndbox>{inner}</bndbox></object>")
    return "\n".join([*lines, "</annotation>"])


def add_voc(folder, *names, objects=(("cat", *BOX),), **options):
    """Images in images/ with XML in annotations/."""
    for name in names:
        add_image(folder / "images" / f"{name}.png")
        contents = voc(*objects, filename=f"{name}.png", **options)
        add_file(folder / "annotations" / f"{name}.xml", contents)


def coco(images, annotations, categories):
    """The JSON of file names, of (image's number, category's id, left, top, width, height)."""
    return json.dumps(
        {
            "images": [
                {"id": number, "file_name": name, "height": HEIGHT, "width": WIDTH}
                for number, name in enumerate(images)
            ],
            "annotations": [
                {"id": 100 + number, "image_id": image, "category_id": category, "bbox": bbox}
                for number, (image, category, *bbox) in enumerate(annotations)
            ],
            "categories": [{"id": number, "name": name} for number, name in categories.items()],
        }
    )


def stems(folder):
    """The images of each split, by their names without suffix."""
    return {split: [boxed.path.stem for boxed in listed] for split, listed in folder.splits.items()}


def everything(folder):
    """Each image's boxes with their classes, by its name without suffix."""
    return {
        boxed.path.stem: [(name, *box) for name, box in zip(boxed.names, boxed.boxes.tolist())]
        for listed in folder.splits.values()
        for boxed in listed
    }


def load_with_warnings(caplog, *arguments, **options):
    """The folder, and what was said of it."""
    caplog.set_level(logging.WARNING)
    caplog.clear()
    return load_box_folder(*arguments, **options), caplog.messages
