"""Trains on generated images that would not fit, and prints how much memory that took.

    python benchmarks/larger_than_memory.py DIR [--images 200000] [--steps 500]

The data set is prepared in DIR by TensorFlow Datasets, once. The peak is that of the whole
training process, in GiB, beside what its decoded images would take in memory.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

SIDE = 64
CLASSES = 10
LENGTHS = 32
CONFIG = """
application: classification
data: {{name: tfds, path: {path}, batch_size: 64, augmentation: {{flip: true}}}}
model: {{name: convolutional_network, filters: [8, 16, 16]}}
training: {{steps: {steps}, validate_every: {steps}}}
"""


class Gratings(tfds.core.GeneratorBasedBuilder):
    """Waves of one of ten directions, of several lengths and any colour."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = Path(__file__).parent

    def __init__(self, *, images: int, **options: Any):
        self.images = images
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(SIDE, SIDE, 3)),
            "label": tfds.features.ClassLabel(num_classes=CLASSES),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
        held_out = self.images // 100
        return {
            "train": self._generate_examples(0, self.images),
            "test": self._generate_examples(self.images, self.images + held_out),
        }

    def _generate_examples(self, first: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:
        y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
        angles = np.pi * np.arange(CLASSES)[:, None, None] / CLASSES
        across = x * np.cos(angles) + y * np.sin(angles)
        waves = np.sin(across[:, None] * np.linspace(0.3, 0.9, LENGTHS)[:, None, None])
        for number in range(first, last):
            label, length = number % CLASSES, number // CLASSES % LENGTHS
            colour = 40 + np.array([number * 7 % 83, number * 11 % 79, number * 13 % 73])
            image = (128 + waves[label, length][..., None] * colour).astype(np.uint8)
            yield number, {"image": image, "label": label}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--steps", type=int, default=500)
    arguments = parser.parse_args()
    builder = Gratings(
        images=arguments.images,
        data_dir=arguments.directory / str(arguments.images),
        file_format="array_record",
    )
    builder.download_and_prepare()
    config = arguments.directory / "gratings.yaml"
    config.write_text(CONFIG.format(path=builder.data_dir, steps=arguments.steps))
    command = ["classification", "train", str(config), "--fresh"]
    program = "from cli.main import main; main()"
    run = arguments.directory / "run"
    subprocess.run([sys.executable, "-c", program, *command, "--run", str(run)], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    decoded = arguments.images * SIDE * SIDE * 3 / 2**30
    print(f"peak of the training process: {peak:.2f} GiB; its images decoded: {decoded:.2f} GiB")


if __name__ == "__main__":
    main()
