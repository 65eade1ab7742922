"""How a TFDS data set comes to the disk: from the publisher's files, or else by download."""

import contextlib
import hashlib
import io
import logging
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dlapps.errors import DlappsError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

CONNECT_TIMEOUT = 5.0
"""Seconds after which a publisher's server counts as out of reach; TFDS would retry for minutes."""


def find_folders(
    name: str, manual_dir: Path | None, data_dir: Path | None
) -> tuple[Path | None, Path]:
    """Returns the folder for the data set's own files, None if nobody named one, and TFDS' folder.

    What is not given comes from DLAPPS_MANUAL_DIR, and from DLAPPS_DATA_DIR or TFDS_DATA_DIR.
    """
    manual = manual_dir or os.environ.get("DLAPPS_MANUAL_DIR")
    data = data_dir or os.environ.get("DLAPPS_DATA_DIR") or os.environ.get("TFDS_DATA_DIR")
    raw_folder = Path(manual).expanduser() / name if manual else None
    return raw_folder, Path(data or "~/tensorflow_datasets").expanduser()


def prepared_builder(
    name: str, builder_name: str, raw_folder: Path | None, data_dir: Path
) -> "tfds.core.DatasetBuilder":
    """Returns the data set's TFDS builder, prepared in `data_dir`; raises DlappsError if it can't.

    Two processes may do so at once: both work in folders of their own, the first to finish
    renames its own into place, and the other uses that.
    """
    with _quiet_tfds():
        import tensorflow_datasets as tfds

        builder = tfds.builder(builder_name, data_dir=data_dir)
        if builder.is_prepared():
            return builder
        _check_files(name, builder, raw_folder, data_dir)
        try:
            _prepare(builder, raw_folder, data_dir)
        except Exception as error:
            builder = tfds.builder(builder_name, data_dir=data_dir)
            if not builder.is_prepared():
                raise DlappsError(f"{name} could not be prepared in {data_dir}: {error}") from error
        return builder


def _prepare(builder: "tfds.core.DatasetBuilder", raw_folder: Path | None, data_dir: Path) -> None:
    import tensorflow_datasets as tfds

    data_dir.mkdir(parents=True, exist_ok=True)
    # TFDS keeps what it extracts under the archive's name alone, and MNIST's and Fashion-MNIST's
    # are the same: in a folder they shared, the second set would be made of the first's images.
    with tempfile.TemporaryDirectory(prefix="extracted_", dir=data_dir) as extract_dir:
        config = tfds.download.DownloadConfig(
            manual_dir=raw_folder, extract_dir=extract_dir, try_download_gcs=False
        )
        builder.download_and_prepare(download_config=config)


def _check_files(
    name: str, builder: "tfds.core.DatasetBuilder", raw_folder: Path | None, data_dir: Path
) -> None:
    """Raises DlappsError for a file that is damaged, or is missing and out of reach."""
    from tensorflow_datasets.core.download.resource import get_dl_fname

    missing = {}
    for url, published in (builder.url_infos or {}).items():
        file = raw_folder / published.filename if raw_folder else None
        if file and file.is_file():
            if _sha256(file) != published.checksum:
                raise DlappsError(
                    f"{file} is not the published file: its SHA-256 is not {published.checksum}. "
                    "Replace it, or remove it to have it downloaded."
                )
        elif not any((data_dir / "downloads").rglob(get_dl_fname(url, published.checksum))):
            missing[url] = published.filename
    for url in {urlsplit(url).netloc: url for url in missing}.values():
        if not _is_reachable(url):
            raise DlappsError(_what_is_wanted(name, missing, raw_folder))


def _what_is_wanted(name: str, missing: dict[str, str], raw_folder: Path | None) -> str:
    """Returns the message for files (by URL) that are neither here nor to be had."""
    sources = sorted({url.rsplit("/", 1)[0] + "/" for url in missing})
    place = (
        f"Put them into {raw_folder}/."
        if raw_folder
        else f"Put them into a folder {name}/ and name the folder around it with --manual-dir or "
        "DLAPPS_MANUAL_DIR."
    )
    return (
        f"{name} is not on this machine and {' and '.join(sources)} cannot be reached; wanted are "
        f"{', '.join(sorted(missing.values()))}. {place}"
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as contents:
        return hashlib.file_digest(contents, "sha256").hexdigest()


def _is_reachable(url: str) -> bool:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, method="HEAD"), timeout=CONNECT_TIMEOUT
        ):
            return True
    except urllib.error.HTTPError:
        # The server answers; whether it has the file is for the download to find out.
        return True
    except OSError:
        return False


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
