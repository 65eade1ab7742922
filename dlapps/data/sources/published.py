"""Published data sets, read through TensorFlow Datasets (TFDS) from the disk or the network."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlapps.config.section import DataSettings
from dlapps.data.sources.catalogue import OWN_BUILDERS, PUBLISHED, Published
from dlapps.data.sources.origin import OWN_ORIGINS, Origin
from dlapps.data.sources.raw_files import (
    check_present,
    check_reachable,
    find_folders,
    missing_files,
)
from dlapps.errors import DlappsError, UsageError
from dlapps.progress import progress

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


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
    for folder in (data_dir, data_dir / (published.file_format or "")):
        prepared = folder / builder / version
        if (prepared / "dataset_info.json").is_file():
            return f"prepared in {prepared}"
    if raw_folder is not None and raw_folder.is_dir() and any(raw_folder.iterdir()):
        return f"raw files in {raw_folder}"
    if not published.manual:
        return "would be downloaded"
    return f"wants raw files in {raw_folder or f'DLAPPS_MANUAL_DIR/{name}'}"


def origin_of(settings: DataSettings) -> Origin:
    """Returns who made the data that a config names, and under which licence."""
    if settings.name in PUBLISHED:
        return PUBLISHED[settings.name].origin
    if settings.name == "tfds" and settings.model_dump().get("builder"):
        builder = settings.model_dump()["builder"]
        return Origin(
            f"{builder} of TensorFlow Datasets",
            homepage=f"https://www.tensorflow.org/datasets/catalog/{re.split('[:/]', builder)[0]}",
        )
    if settings.model_dump().get("path") is not None:
        return Origin("the user's own files", is_divided_by_users=True)
    return OWN_ORIGINS.get(settings.name, Origin())


def is_downloadable(name: str) -> bool:
    """Returns whether a server has the files of the data set as they are wanted."""
    return not _published(name).manual


Example = Mapping[str, Any]


def load_published(
    name: str,
    manual_dir: Path | None = None,
    data_dir: Path | None = None,
    prepare: Callable[[Example], Example] | None = None,
) -> dict[str, dict[str, np.ndarray]]:
    """Returns every split that was published, each its features by name, an array [N, ...] each.

    `prepare` makes of one example, as it is read, what is kept of it: large images smaller.

    Numbers of 64 bits come as 32 bits; examples of different shapes (recordings) as an array of
    arrays, text as an array of bytes.

    `manual_dir` holds the publisher's files in one folder a data set (default
    DLAPPS_MANUAL_DIR), `data_dir` is TFDS' own (default DLAPPS_DATA_DIR, TFDS_DATA_DIR or
    ~/tensorflow_datasets). What is prepared in `data_dir` is used as it is; otherwise it is
    prepared there from the files in `manual_dir`, and those that are not there are downloaded,
    where a server has them.

    Raises DlappsError, which names the files and the place, when that fails.
    """
    builder = prepare_published(name, manual_dir, data_dir)
    return {
        split: read_split(builder, split, _published(name).features, prepare)
        for split in builder.info.splits
    }


def prepare_published(
    name: str, manual_dir: Path | None = None, data_dir: Path | None = None
) -> tfds.core.DatasetBuilder:
    """Returns the builder of TFDS that has the data set prepared; see `load_published`."""
    published = _published(name)
    if name in OWN_BUILDERS:
        importlib.import_module(f"dlapps.datasets.{name}")  # TFDS knows a builder once imported.
    raw_folder, data_dir = find_folders(name, manual_dir, data_dir)
    return prepared_builder(
        name, published.builder, raw_folder, data_dir, published.manual, published.file_format
    )


def _published(name: str) -> Published:
    if name not in PUBLISHED:
        raise UsageError(f"{name!r} is no published data set; there are {', '.join(PUBLISHED)}.")
    return PUBLISHED[name]


def prepared_builder(
    name: str,
    builder_name: str,
    raw_folder: Path | None,
    data_dir: Path,
    manual: str = "",
    file_format: str | None = None,
) -> tfds.core.DatasetBuilder:
    """Returns the data set's TFDS builder, prepared in `data_dir`; raises DlappsError if it can't.

    `name` is what we call it, `builder_name` is TFDS' name and version. `manual` says what the
    files in `raw_folder` hold, where no server has them. `file_format` is TFDS' own by default;
    what is not prepared in another is, in the folder in `data_dir` that is called like it.

    Two processes may do so at once: both work in folders of their own, the first to finish
    renames its own into place, and the other uses that.
    """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    failures = (
        OSError,
        tf.errors.OpError,
        tfds.download.DownloadError,
        tfds.download.download_manager.NonMatchingChecksumError,
        tfds.download.extractor.ExtractError,
    )
    with _quiet_tfds():
        if file_format and not _is_prepared(builder_name, data_dir, file_format):
            # TFDS refuses a folder in which the same version lies in another format.
            data_dir /= file_format
        builder = tfds.builder(builder_name, data_dir=data_dir, file_format=file_format)
        if builder.is_prepared():
            return builder
        missing = missing_files(builder, raw_folder, data_dir)
        if manual:
            check_present(name, missing, raw_folder, manual)
        check_reachable(name, missing, raw_folder)
        try:
            _prepare(builder, raw_folder, data_dir)
        except failures as error:
            builder = tfds.builder(builder_name, data_dir=data_dir, file_format=file_format)
            if not builder.is_prepared():
                # TFDS goes on for lines about how it builds data sets.
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":.")
                raise DlappsError(
                    f"{name} could not be prepared in {data_dir}: {reason}."
                ) from error
        return builder


def _is_prepared(builder_name: str, data_dir: Path, file_format: str) -> bool:
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(builder_name, data_dir=data_dir, file_format=file_format).is_prepared()
    except (AssertionError, ValueError, tfds.core.DatasetNotFoundError):
        return False


def _prepare(builder: tfds.core.DatasetBuilder, raw_folder: Path | None, data_dir: Path) -> None:
    import tensorflow_datasets as tfds

    downloads = data_dir / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    # TFDS keeps what it extracts under the archive's name alone, and MNIST's and Fashion-MNIST's
    # are the same: in a folder they shared, the second set would be made of the first's images.
    with tempfile.TemporaryDirectory(prefix="extracted_", dir=downloads) as extract_dir:
        config = tfds.download.DownloadConfig(
            manual_dir=raw_folder, extract_dir=extract_dir, try_download_gcs=False
        )
        builder.download_and_prepare(download_config=config)


@contextlib.contextmanager
def _quiet_tfds() -> Iterator[None]:
    """Returns a context without the log lines of TFDS; its bars appear on a terminal only."""
    import tensorflow_datasets as tfds
    from absl import logging as absl_logging

    tfds.display_progress_bar(sys.stderr.isatty())
    loggers = [absl_logging.get_absl_logger(), logging.getLogger("urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        # TFDS prints what it is about to do, and stdout is for results.
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def read_split(
    builder: tfds.core.DatasetBuilder,
    split: str,
    features: tuple[str, ...],
    prepare: Callable[[Example], Example] | None = None,
) -> dict[str, np.ndarray]:
    """Each feature of a split as an array [N, ...]; see `load_published`."""
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(split=split, shuffle_files=False)
    dataset = dataset.map(lambda example: {name: _feature(example, name) for name in features})
    if prepare is not None:
        dataset = dataset.map(prepare)
    has_one_shape = all(spec.shape.is_fully_defined() for spec in dataset.element_spec.values())
    batches = tfds.as_numpy(dataset.batch(1000) if has_one_shape else dataset)
    parts = list(progress(batches, f"Reading {builder.name} {split}"))
    join = _concatenate if has_one_shape else _stack
    return {name: join([part[name] for part in parts]) for name in dataset.element_spec}


def _feature(example: Mapping[str, Any], name: str) -> Any:
    """What is called so, or in a part of the example, such as objects/bbox."""
    if name in example:
        return example[name]
    part, _, within = name.partition("/")
    return example[part][within]


def _concatenate(batches: list[np.ndarray]) -> np.ndarray:
    return _narrow(np.concatenate(batches))


def _stack(values: list) -> np.ndarray:
    """One array of the values, of type object where their shapes differ."""
    if len({np.shape(value) for value in values}) == 1:
        return _narrow(np.array(values, object if isinstance(values[0], bytes) else None))
    column = np.empty(len(values), object)
    column[:] = [_narrow(value) for value in values]
    return column


def _narrow(array: np.ndarray) -> np.ndarray:
    return array.astype(np.int32) if array.dtype == np.int64 else array
