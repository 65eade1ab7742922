"""Weights that others trained and published: where they are found, and whether they fit."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dlapps.errors import UsageError, reason
from dlapps.files import folder_to_name, published_files


def place_of(folder: str) -> str:
    """Where a user should put the files of that folder."""
    return str(published_files(folder) or folder_to_name(folder))


def find_file(folder: str, file: str) -> Path | None:
    """The file in that folder of DLAPPS_MANUAL_DIR, if it is there."""
    directory = published_files(folder)
    return directory / file if directory is not None and (directory / file).is_file() else None


def find_weights(folder: str, file: str, contents: str) -> Path:
    """As `find_file`; raises UsageError, which says what to put where, if it is not there."""
    found = find_file(folder, file)
    if found is None:
        raise UsageError(
            f"{contents} cannot be downloaded in the form wanted: put {file} into "
            f"{place_of(folder)}, name the file with model.weights, or choose a backbone whose "
            "weights Keras downloads, such as model.backbone=MobileNetV2."
        )
    return found


def read_arrays(path: Path, network: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; raises UsageError for what is none."""
    try:
        with np.load(path) as file:
            return dict(file)
    except OSError as error:
        raise UsageError(
            f"the weights {path} cannot be read ({error.strerror or reason(error)}); give the path "
            f"of an .npz file of {network}."
        ) from error
    except (EOFError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # np.load says of text that it was pickled, and gives an array for an .npy.
        raise UsageError(
            f"the weights {path} are no .npz file of arrays; give one of {network}."
        ) from error


def fitting_array(
    arrays: dict[str, np.ndarray], key: str, layer: str, shape: tuple[int, ...], path: Path
) -> np.ndarray:
    """The array `key` for a weight of `layer`; raises UsageError unless it has the `shape`.

    A kernel [h, w, 3, C] fits a layer for one channel too: its sum over the colours answers a grey
    image as it would answer the same image in three channels.
    """
    if key not in arrays:
        raise UsageError(
            f"the weights {path} lack {key} for the layer {layer}, which expects the shape {shape}."
        )
    try:
        array = np.asarray(arrays[key], np.float32)
    except (TypeError, ValueError):
        raise UsageError(f"the weights {path} have {key}, which are no numbers.") from None
    if len(shape) == 4 and shape[2] == 1 and array.ndim == 4 and array.shape[2] == 3:
        array = array.sum(axis=2, keepdims=True)
    if array.shape != shape:
        raise UsageError(
            f"the weights {path} have {key} in the shape {array.shape}, and the layer {layer} "
            f"expects {shape}; they are for images of one or three channels, in the published form."
        )
    return array
