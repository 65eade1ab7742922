"""The 1,797 real handwritten digits that scikit-learn carries (Alpaydin and Kaynak, 1998)."""

import numpy as np

TEST_SIZE = 360
"""How many digits we hold out for testing, by `carve`: the set comes without a split."""


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns images uint8 [1797, 8, 8, 1] and the digits 0 to 9 they show, int32 [1797].

    A pixel counts the ink in a 4x4 block, 0 to 16, scaled here to 0 (paper) to 255 (ink).
    """
    from sklearn import datasets

    digits = datasets.load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    return images[..., np.newaxis], digits.target.astype(np.int32)
