"""Published data sets, read through TensorFlow Datasets (TFDS) from the disk or the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlapps.data.preparation import prepared_builder
from dlapps.data.raw_files import find_folders
from dlapps.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

PUBLISHED = {
    "mnist": "mnist:3.0.1",
    "fashion_mnist": "fashion_mnist:3.0.1",
}
"""Our names of image classification sets and their TFDS builders, by version.

A further set needs one entry here if all its images have one size and it has a train and a test
split with the features "image" and "label".
"""


def published_names() -> tuple[str, ...]:
    """Returns the names that `load_published` knows."""
    return tuple(PUBLISHED)


def describe(name: str, manual_dir: Path | None = None, data_dir: Path | None = None) -> str:
    """Returns where `load_published` would take the data set from.

    That is "prepared in DIR", "raw files in DIR" or "would be downloaded", by the look of the
    folders alone: neither TensorFlow nor the network is needed.
    """
    builder, version = _builder_name(name).split(":")
    raw_folder, data_dir = find_folders(name, manual_dir, data_dir)
    prepared = data_dir / builder / version
    if (prepared / "dataset_info.json").is_file():
        return f"prepared in {prepared}"
    if raw_folder is not None and raw_folder.is_dir() and any(raw_folder.iterdir()):
        return f"raw files in {raw_folder}"
    return "would be downloaded"


def load_published(
    name: str, manual_dir: Path | None = None, data_dir: Path | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Returns train and test, each {"image": uint8 [N, H, W, C], "label": int32 [N]}.

    `manual_dir` holds the publisher's files in one folder a data set (default
    DLAPPS_MANUAL_DIR), `data_dir` is TFDS' own (default DLAPPS_DATA_DIR, TFDS_DATA_DIR or
    ~/tensorflow_datasets). What is prepared in `data_dir` is used as it is; otherwise it is
    prepared there from the files in `manual_dir`, and those that are not there are downloaded.

    Raises DlappsError, which names the files and the place, when that fails.
    """
    builder = prepared_builder(name, _builder_name(name), *find_folders(name, manual_dir, data_dir))
    return {split: _read_split(builder, split) for split in ("train", "test")}


def _builder_name(name: str) -> str:
    if name not in PUBLISHED:
        raise UsageError(f"{name!r} is no published data set; there are {', '.join(PUBLISHED)}.")
    return PUBLISHED[name]


def _read_split(builder, split: str) -> dict[str, np.ndarray]:
    import numpy as np
    import tensorflow_datasets as tfds
    from tqdm import tqdm

    batches = builder.as_dataset(split=split, shuffle_files=False).batch(1000)
    progress = tqdm(
        tfds.as_numpy(batches),
        f"reading {builder.name} {split}",
        len(batches),
        delay=2,
        disable=None,
    )
    columns = [(batch["image"], batch["label"]) for batch in progress]
    images, labels = (np.concatenate(column) for column in zip(*columns))
    return {"image": images, "label": labels.astype(np.int32)}
