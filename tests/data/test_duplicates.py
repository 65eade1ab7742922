"""Copies that are planted are found, what only resembles them is not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dlapps.data.duplicates import alike_pairs, digests_of, equal_pairs, thumbnails_of
from dlapps.datasets.digits import load_digits
from dlapps.datasets.shapes import make_shapes


def recompressed(image: np.ndarray, quality: int = 90) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def brighter(image: np.ndarray) -> np.ndarray:
    return np.clip(0.7 * image + 40, 0, 255).astype(np.uint8)


def halved(image: np.ndarray) -> np.ndarray:
    small = Image.fromarray(image).resize((32, 32), Image.Resampling.BOX)
    return np.array(small.resize((64, 64), Image.Resampling.BILINEAR))


def found_pairs(images: np.ndarray) -> set[tuple[int, int]]:
    return {tuple(pair) for pair in alike_pairs(thumbnails_of(images))[0].tolist()}


@pytest.mark.parametrize("copied", [np.copy, brighter, recompressed, halved])
def test_every_planted_copy_is_found_and_nothing_else(copied):
    # Out of focus as a photograph: mere noise is another one in every copy.
    blur = ImageFilter.GaussianBlur(1.5)
    scenes = [Image.fromarray(scene).filter(blur) for scene in make_shapes(60)["image"]]
    images = np.stack([np.array(scene) for scene in scenes])
    copies = np.stack([copied(image) for image in images[:20]])
    found = found_pairs(np.concatenate([images, copies]))
    assert found == {(number, len(images) + number) for number in range(20)}


def test_correlations_are_those_of_numpy():
    images = load_digits()[0][:400]
    pairs, correlations = alike_pairs(thumbnails_of(images), least=0.95)
    expected = np.corrcoef(images.reshape(len(images), -1))
    np.testing.assert_allclose(correlations, expected[tuple(pairs.T)], atol=1e-4)
    # All of them, but those that half the size takes for less alike than they are.
    assert len(pairs) >= 0.7 * np.sum(np.triu(expected, 1) >= 0.95)


def test_images_without_contrast_are_alike_to_none():
    assert not found_pairs(np.full((5, 8, 8, 1), 7, np.uint8))
    assert not found_pairs(np.zeros((0, 8, 8, 1), np.uint8))


def test_equal_examples_are_paired_with_the_first_of_them():
    rows = np.array([[1, 2], [3, 4], [1, 2], [5, 6], [1, 2], [3, 4]])
    assert equal_pairs(digests_of(rows)).tolist() == [[0, 2], [0, 4], [1, 5]]
    texts = np.array([b"one", b"two", b"one"], object)
    assert equal_pairs(digests_of(texts)).tolist() == [[0, 2]]


def test_thumbnails_are_means_of_blocks():
    image = np.arange(64 * 48 * 3, dtype=np.float64).reshape(1, 64, 48, 3) % 251
    thumbnail = thumbnails_of(image.astype(np.uint8))
    assert thumbnail.shape == (1, 32, 32, 3)
    assert thumbnail[0, 0, 0, 0] == round(image[0, :2, :1, 0].mean())
    small = image[:, :20, :30].astype(np.uint8)
    np.testing.assert_array_equal(thumbnails_of(small), small)
