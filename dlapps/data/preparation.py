"""How a TFDS data set comes to the disk, quietly and safe from a second process doing the same."""

import contextlib
import io
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dlapps.data.raw_files import check_present, check_reachable, missing_files
from dlapps.errors import DlappsError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def prepared_builder(
    name: str, builder_name: str, raw_folder: Path | None, data_dir: Path, manual: str = ""
) -> "tfds.core.DatasetBuilder":
    """Returns the data set's TFDS builder, prepared in `data_dir`; raises DlappsError if it can't.

    `manual` says what the files in `raw_folder` hold, where no server has them.

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
        builder = tfds.builder(builder_name, data_dir=data_dir)
        if builder.is_prepared():
            return builder
        missing = missing_files(builder, raw_folder, data_dir)
        if manual:
            check_present(name, missing, raw_folder, manual)
        check_reachable(name, missing, raw_folder)
        try:
            _prepare(builder, raw_folder, data_dir)
        except failures as error:
            builder = tfds.builder(builder_name, data_dir=data_dir)
            if not builder.is_prepared():
                # TFDS goes on for lines about how it builds data sets.
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":.")
                raise DlappsError(
                    f"{name} could not be prepared in {data_dir}: {reason}."
                ) from error
        return builder


def _prepare(builder: "tfds.core.DatasetBuilder", raw_folder: Path | None, data_dir: Path) -> None:
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
