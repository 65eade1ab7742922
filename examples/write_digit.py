"""Writes one handwritten digit that no training has seen as a PNG file.

python examples/write_digit.py digit.png
"""

import sys

from PIL import Image

from dlapps.data.splits import Examples, carve
from dlapps.datasets.digits import TEST_SIZE, load_digits


def main(path: str) -> None:
    images, labels = load_digits()
    _, test = carve(Examples({"image": images, "label": labels}), TEST_SIZE)
    image, label = test.columns["image"][0, :, :, 0], test.columns["label"][0]
    Image.fromarray(image).resize((80, 80), Image.Resampling.BICUBIC).save(path)
    print(f"{path}: a handwritten {label}")


if __name__ == "__main__":
    main(sys.argv[1])
