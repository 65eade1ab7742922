"""The files a publisher offers of a data set: where they lie, which are missing or damaged."""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dlapps.errors import DlappsError
from dlapps.files import folder_to_name, published_files

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
    data = data_dir or os.environ.get("DLAPPS_DATA_DIR") or os.environ.get("TFDS_DATA_DIR")
    raw_folder = manual_dir.expanduser() / name if manual_dir else published_files(name)
    return raw_folder, Path(data or "~/tensorflow_datasets").expanduser()


def missing_files(
    builder: "tfds.core.DatasetBuilder", raw_folder: Path | None, data_dir: Path
) -> dict[str, str]:
    """Returns the names, by URL, of the files that must be downloaded.

    Raises DlappsError for a file in `raw_folder` that is not the published one.
    """
    import tensorflow_datasets as tfds

    missing = {}
    for url, published in (builder.url_infos or {}).items():
        file = raw_folder / published.filename if raw_folder else None
        downloaded = tfds.download.resource.get_dl_fname(url, published.checksum)
        if file and file.is_file():
            if _sha256(file) != published.checksum:
                raise DlappsError(
                    f"{file} is not the published file: its SHA-256 is not {published.checksum}. "
                    "Replace it, or remove it where it can be downloaded."
                )
        elif not any((data_dir / "downloads").rglob(downloaded)):
            missing[url] = published.filename
    return missing


def check_reachable(name: str, missing: dict[str, str], raw_folder: Path | None) -> None:
    """Raises DlappsError, which says what to put where, if a file's server does not answer."""
    one_url_a_server = {urlsplit(url).netloc: url for url in missing}
    unreachable = [server for server, url in one_url_a_server.items() if not _is_reachable(url)]
    if not unreachable:
        return
    sources = sorted({url.rsplit("/", 1)[0] + "/" for url in missing})
    raise DlappsError(
        f"{name} is not on this machine and {', '.join(unreachable)} does not answer; wanted are "
        f"{', '.join(sorted(missing.values()))} from {' and '.join(sources)}. "
        f"Put them {_place(name, raw_folder)}."
    )


def check_present(
    name: str, missing: dict[str, str], raw_folder: Path | None, contents: str
) -> None:
    """Raises DlappsError, which says what to put where, if a file is missing that no server has."""
    if missing:
        raise DlappsError(
            f"{name} cannot be downloaded in the form wanted: put {', '.join(missing.values())}, "
            f"which holds {contents}, {_place(name, raw_folder)}."
        )


def _place(name: str, raw_folder: Path | None) -> str:
    if raw_folder:
        return f"into {raw_folder}/"
    return f"into {folder_to_name(name)}"


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
