"""Classifies image files with an exported model; needs TensorFlow and nothing else.

python examples/classify_png.py saved_models/digits_lenet5 image.png [image.png ...]
"""

import sys
from pathlib import Path

import tensorflow as tf


def main(export: Path, images: list[str]) -> None:
    versions = [path for path in export.iterdir() if path.name.isdecimal()]
    newest = max(versions, key=lambda path: int(path.name))
    classifier = tf.saved_model.load(str(newest)).signatures["serving_default"]
    answers = classifier(image_bytes=tf.constant([Path(image).read_bytes() for image in images]))
    for image, label, row in zip(images, answers["label"], answers["probabilities"], strict=True):
        print(f"{image}: {label.numpy().decode()} (probability {float(max(row)):.4f})")
    print(f"answered by {newest}, in a process that knows TensorFlow only")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
