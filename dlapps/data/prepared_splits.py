"""Reads what TFDS prepared into arrays."""

import numpy as np
import tensorflow_datasets as tfds
from tqdm import tqdm


def read_split(
    builder: tfds.core.DatasetBuilder, split: str, features: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Each feature of a split as an array [N, ...]; see `load_published`."""
    dataset = builder.as_dataset(split=split, shuffle_files=False)
    dataset = dataset.map(lambda example: {name: example[name] for name in features})
    has_one_shape = all(spec.shape.is_fully_defined() for spec in dataset.element_spec.values())
    progress = tqdm(
        tfds.as_numpy(dataset.batch(1000) if has_one_shape else dataset),
        f"reading {builder.name} {split}",
        delay=2,
        disable=None,
    )
    parts = list(progress)
    join = _concatenate if has_one_shape else _stack
    return {name: join([part[name] for part in parts]) for name in features}


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
