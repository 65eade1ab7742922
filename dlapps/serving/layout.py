"""Models as they lie on disk, `NAME/VERSION/saved_model.pb`, the layout of TF Serving."""

import os
from collections.abc import Mapping
from pathlib import Path

from dlapps.errors import UsageError, in_short

Versions = Mapping[int, Path]
Fingerprint = tuple[tuple[str, int, int], ...]


def check_models_directory(directory: Path) -> None:
    """Nothing; raises UsageError where `directory` cannot hold models, or holds none."""
    named = in_short(str(directory))
    layout = "a model is a folder NAME/VERSION with a saved_model.pb, as `export` writes it"
    try:
        models = models_below(directory)
    except FileNotFoundError as error:
        raise UsageError(f"There is no folder {named}; {layout}.") from error
    except OSError as error:
        raise UsageError(f"The folder {named} cannot be read: {error.strerror}.") from error
    if is_saved_model(directory):
        above = in_short(str(directory.absolute().parents[1]))
        raise UsageError(f"{named} is one version of a model; serve the folder of models, {above}.")
    if any(map(is_saved_model, _versions(directory).values())):
        above = in_short(str(directory.absolute().parent))
        raise UsageError(f"{named} is one model; serve the folder that holds it, {above}.")
    versions = [path for found in models.values() if found for path in found.values()]
    if not any(map(is_saved_model, versions)):
        raise UsageError(f"There is no model below {named}; {layout}.")


def models_below(directory: Path) -> dict[str, Versions | None]:
    """The version folders of each model by number; raises OSError.

    None where a model's folder cannot be read. One without a version is no model, nor is one
    whose name no address could hold.
    """
    folders = {
        entry.name: Path(entry.path)
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name)
        if entry.is_dir() and is_model_name(entry.name)
    }
    found: dict[str, Versions | None] = {}
    for name, path in folders.items():
        try:
            versions = _versions(path)
        except FileNotFoundError:
            continue  # Somebody removes it at this moment.
        except OSError:
            found[name] = None
        else:
            if versions:
                found[name] = versions
    return found


def is_model_name(name: str) -> bool:
    """Whether a model may be called so: not where its address would be cut at a / or a colon."""
    return not name.startswith(".") and not set(name) & set("/:") and name.isprintable()


def is_saved_model(directory: Path) -> bool:
    """Whether it has a SavedModel's graph. Raises OSError where nobody may look."""
    return (directory / "saved_model.pb").is_file()


def fingerprint(directory: Path) -> Fingerprint:
    """Names, sizes and times of the files: it changes while somebody still copies them."""
    files = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            # A link to nowhere is a file, too: one that cannot be loaded.
            state = os.stat(path) if os.path.exists(path) else os.lstat(path)
            files.append((path, state.st_size, state.st_mtime_ns))
    return tuple(sorted(files))


def _versions(directory: Path) -> Versions:
    numbered = [
        Path(entry.path)
        for entry in os.scandir(directory)
        if entry.name.isascii() and entry.name.isdigit() and len(entry.name) < 19 and entry.is_dir()
    ]
    return {int(path.name): path for path in sorted(numbered)}
