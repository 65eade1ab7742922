"""Examples that are there twice: equal, or alike but for brightness, contrast and compression."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

LEAST_CORRELATION = 0.99
"""Of the pixels of two images that are alike. A copy that was made brighter or compressed once more
stays above it; two pictures of one thing, taken twice, mostly do not."""
MARGIN = 0.005
"""How far below it a pair may be at half the size to be looked at."""
THUMBNAIL_SIDE = 32
ROWS_AT_ONCE, PAIRS_AT_ONCE = 1024, 4096

Track = Callable[[Iterable[int]], Iterator[int]]
"""Passes on the starts of blocks while it says how many are done."""


def digests_of(items: np.ndarray | Sequence[bytes]) -> np.ndarray:
    """bytes [N]: a digest of each row of an array, or text, which is equal where these are."""
    rows = [row if isinstance(row, bytes) else np.ascontiguousarray(row).data for row in items]
    return np.array([hashlib.sha256(row).digest() for row in rows], "V32")


def equal_pairs(digests: np.ndarray) -> np.ndarray:
    """int [P, 2]: each row with the first that has its digest, the smaller number first."""
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    firsts = first[group]
    later = np.flatnonzero(firsts != np.arange(len(digests)))
    return np.stack([firsts[later], later], axis=1)


def thumbnails_of(images: np.ndarray) -> np.ndarray:
    """uint8 [N, h, w, C]: images [N, H, W, C] by which they are compared, at most 32 pixels a side.

    Each pixel is the mean of a block, so that all of an image counts.
    """
    for axis in (1, 2):
        size = images.shape[axis]
        if size > THUMBNAIL_SIDE:
            starts = np.linspace(0, size, THUMBNAIL_SIDE, endpoint=False).astype(int)
            widths = np.diff(np.append(starts, size))
            shape = [-1 if at == axis else 1 for at in range(4)]
            sums = np.add.reduceat(images.astype(np.float32), starts, axis=axis)
            images = sums / widths.reshape(shape)
    return np.round(images).astype(np.uint8)


def alike_pairs(
    thumbnails: np.ndarray, least: float = LEAST_CORRELATION, track: Track = iter
) -> tuple[np.ndarray, np.ndarray]:
    """int [P, 2] and float [P]: the pairs of images whose pixels correlate at least so far.

    Equal ones are among them; images that are alike everywhere, such as black ones, are not: they
    have no correlation. Takes time with the square of their number, a minute for 70,000 of MNIST's
    size, and memory with what it finds.
    """
    count = len(thumbnails)
    if count == 0:
        return np.empty((0, 2), int), np.empty(0)
    fine = thumbnails.reshape(count, -1)
    coarse = _standardized(_halved(thumbnails).reshape(count, -1))
    pairs, correlations = [np.empty((0, 2), int)], [np.empty(0, np.float32)]
    for start in track(range(0, count, ROWS_AT_ONCE)):
        similar = coarse[start : start + ROWS_AT_ONCE] @ coarse[start:].T
        rows, columns = np.nonzero(similar >= least - MARGIN)
        candidates = np.stack([rows, columns], axis=1)[columns > rows] + start
        for at in range(0, len(candidates), PAIRS_AT_ONCE):
            some = candidates[at : at + PAIRS_AT_ONCE]
            one, other = (_standardized(fine[side]) for side in some.T)
            found = np.einsum("ij,ij->i", one, other)
            pairs.append(some[found >= least])
            correlations.append(found[found >= least])
    return np.concatenate(pairs), np.concatenate(correlations)


def _halved(images: np.ndarray) -> np.ndarray:
    """The mean of each two by two pixels; of an odd side, the last row is left out."""
    height, width = (max(side // 2 * 2, 1) for side in images.shape[1:3])
    images = images[:, :height, :width].astype(np.float32)
    for axis in (1, 2):
        if images.shape[axis] > 1:
            even, odd = (np.take(images, range(k, images.shape[axis], 2), axis) for k in (0, 1))
            images = (even + odd) / 2
    return images


def _standardized(rows: np.ndarray) -> np.ndarray:
    """float32 [N, D]: with mean 0 and length 1, so that products are correlations; flat ones 0."""
    rows = rows.astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-6)
