"""What vouches for a checkpoint: the digest of each of its files, and where the run stood."""

import dataclasses
import hashlib
import json
from pathlib import Path

from dlapps.training.progress import Progress

FILE_NAME = "manifest.json"


class BrokenCheckpoint(ValueError):
    """A checkpoint is truncated, corrupt or incomplete."""


def write_manifest(directory: Path, progress: Progress) -> None:
    """Writes the manifest of all files in `directory`; the last one of a checkpoint."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    manifest = {
        "progress": dataclasses.asdict(progress),
        "files": {str(file.relative_to(directory)): _digest(file) for file in files},
    }
    (directory / FILE_NAME).write_text(json.dumps(manifest, indent=1))


def read_manifest(directory: Path, verify: bool = True) -> Progress:
    """Where the run stood; with `verify`, only after every file was found to be as written."""
    try:
        manifest = json.loads((directory / FILE_NAME).read_text())
        for name, digest in manifest["files"].items() if verify else ():
            if _digest(directory / name) != digest:
                raise BrokenCheckpoint(f"Checkpoint {directory}: {name} is truncated or corrupt.")
        return Progress(**manifest["progress"])
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BrokenCheckpoint(f"Checkpoint {directory}: {missing} is missing.") from error
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise BrokenCheckpoint(f"Checkpoint {directory}: {FILE_NAME} is unreadable.") from error


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
