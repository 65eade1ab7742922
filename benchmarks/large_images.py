"""Memory and seconds that a U-Net takes to answer one image of 4000x3000 pixels, by tiles.

    python benchmarks/large_images.py [--filters 16 64] [--sizes 512 768 1024]

Each line is a process of its own, which decodes the PNG, answers it with the exported signature's
graph and writes the mask. The peak is that of the whole process, in GiB, TensorFlow included.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEIGHT, WIDTH = 3000, 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filters", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 768, 1024])
    parser.add_argument("--image", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.image:
        answer_one(arguments.image, *arguments.filters, *arguments.sizes)
        return
    with tempfile.TemporaryDirectory() as directory:
        image = Path(directory) / "large.png"
        draw(image)
        for filters in arguments.filters:
            for size in arguments.sizes:
                options = ["--filters", str(filters), "--sizes", str(size), "--image", str(image)]
                subprocess.run([sys.executable, __file__, *options], check=True)


def draw(path: Path) -> None:
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(x / 37) + np.cos(y / 29), np.sin((x + y) / 53), np.cos(x * y / 1e5)]
    pixels = np.stack([127 + 60 * wave for wave in waves], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(path)


def answer_one(path: Path, filters: int, size: int) -> None:
    from dlapps.applications.segmentation.answers import mask_answers
    from dlapps.applications.segmentation.data import MaskSpec
    from dlapps.applications.segmentation.tiles import TileSettings
    from dlapps.export.answer import ask
    from dlapps.models.vision.unet import unet

    names = tuple(f"class {number}" for number in range(11))
    model = unet((None, None, 3), len(names), filters=filters)
    spec, tiles = MaskSpec(channels=3, class_names=names), TileSettings(size=size)
    answers = mask_answers(model, spec, tiles=tiles)
    started = time.perf_counter()
    (record,) = ask(answers, [str(path)], path.parent)
    seconds = time.perf_counter() - started
    assert Path(record["mask"]).is_file()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"filters {filters}  tiles of {size}: {peak:.2f} GiB, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
