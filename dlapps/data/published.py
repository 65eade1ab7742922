"""Published data sets, read through TensorFlow Datasets (TFDS) from the disk or the network."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dlapps.data.preparation import prepared_builder
from dlapps.data.raw_files import find_folders
from dlapps.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


class Published(NamedTuple):
    """A data set that TFDS prepares."""

    builder: str
    """Its TFDS builder and version."""
    features: tuple[str, ...]
    """What is read of each example."""
    manual: str = ""
    """What the raw files hold, where no server has them; empty: they are downloaded."""


PUBLISHED = {
    "mnist": Published("mnist:3.0.1", ("image", "label")),
    "fashion_mnist": Published("fashion_mnist:3.0.1", ("image", "label")),
    "spoken_digit": Published("spoken_digit:1.0.9", ("audio", "audio/filename", "label")),
    "multi30k": Published("multi30k:1.0.0", ("de", "en")),
    "isbi2012": Published(
        "isbi2012:1.0.0",
        ("image", "mask"),
        "the challenge's training stack as isbi2012/image/N.png and isbi2012/label/N.png, N from "
        "0 to 29",
    ),
}
"""Our names of published data sets.

A further one needs one entry here. One that TFDS lacks has its builder in a package of its own,
`dlapps/datasets/<name>/`, named in `OWN_BUILDERS`.
"""
OWN_BUILDERS = ("multi30k", "isbi2012")


def published_names() -> tuple[str, ...]:
    """Returns the names that `load_published` knows."""
    return tuple(PUBLISHED)


def describe(name: str, manual_dir: Path | None = None, data_dir: Path | None = None) -> str:
    """Returns where `load_published` would take the data set from.

    That is "prepared in DIR", "raw files in DIR", "would be downloaded" or what raw files it
    takes, by the look of the folders alone: neither TensorFlow nor the network is needed.
    """
    published = _published(name)
    builder, version = published.builder.split(":")
    raw_folder, data_dir = find_folders(name, manual_dir, data_dir)
    prepared = data_dir / builder / version
    if (prepared / "dataset_info.json").is_file():
        return f"prepared in {prepared}"
    if raw_folder is not None and raw_folder.is_dir() and any(raw_folder.iterdir()):
        return f"raw files in {raw_folder}"
    if not published.manual:
        return "would be downloaded"
    return f"wants raw files in {raw_folder or f'DLAPPS_MANUAL_DIR/{name}'}"


def is_downloadable(name: str) -> bool:
    """Returns whether a server has the files of the data set as they are wanted."""
    return not _published(name).manual


def load_published(
    name: str, manual_dir: Path | None = None, data_dir: Path | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Returns every split that was published, each its features by name, an array [N, ...] each.

    Numbers of 64 bits come as 32 bits; examples of different shapes (recordings) as an array of
    arrays, text as an array of bytes.

    `manual_dir` holds the publisher's files in one folder a data set (default
    DLAPPS_MANUAL_DIR), `data_dir` is TFDS' own (default DLAPPS_DATA_DIR, TFDS_DATA_DIR or
    ~/tensorflow_datasets). What is prepared in `data_dir` is used as it is; otherwise it is
    prepared there from the files in `manual_dir`, and those that are not there are downloaded,
    where a server has them.

    Raises DlappsError, which names the files and the place, when that fails.
    """
    from dlapps.data.prepared_splits import read_split

    published = _published(name)
    if name in OWN_BUILDERS:
        importlib.import_module(f"dlapps.datasets.{name}")  # TFDS knows a builder once imported.
    folders = find_folders(name, manual_dir, data_dir)
    builder = prepared_builder(name, published.builder, *folders, published.manual)
    return {split: read_split(builder, split, published.features) for split in builder.info.splits}


def _published(name: str) -> Published:
    if name not in PUBLISHED:
        raise UsageError(f"{name!r} is no published data set; there are {', '.join(PUBLISHED)}.")
    return PUBLISHED[name]
