"""How long the exported LeNet-5 takes to answer, beside onnxruntime on the same network and rows.

python benchmarks/onnx_latency.py [--rounds 15] [--seconds 0.3] [--steps 100] [--to FILE]

LeNet-5 is trained for a few steps on the digits and exported both ways; both answer the same rows,
in turns in one process, on one thread each. "signature" is the SavedModel's as tf.saved_model.load
gives it, which looks up the name of the class as well; "onnxruntime" runs the ONNX file. From PNG
bytes, of images at the network's size, the SavedModel's graph decodes them, and Pillow does for
onnxruntime. A ratio is the median over the rounds of signature / onnxruntime within a round: below
1, the SavedModel is faster.
"""

import argparse
import io
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlapps  # noqa: F401 - before TensorFlow, which it tells what kernels to use

BATCH_SIZES = (1, 32)
SIGNATURE, ONNX = "signature", "onnxruntime"

Call = Callable[[], Any]


def exported(directory: Path, steps: int) -> tuple[Path, Path]:
    """The folders of a SavedModel and of ONNX, of one trained run."""
    from dlapps.config.files import find_config
    from dlapps.runs.directory import create_run, read_config
    from dlapps.runs.trained import open_run

    file = find_config("classification", "digits_lenet5")
    settings = [f"training.steps={steps}", "training.precision=float32"]
    config = read_config("classification", file.path.read_text(), file.name, settings)
    create_run("classification", config, directory / "run").train(file.name)
    run = open_run("classification", directory / "run")
    return run.export(directory), run.export_network(directory, None, "onnx")


def contenders(saved_model: Path, onnx: Path, pixels: Any) -> dict[str, dict[str, Call]]:
    """By what they are given, each answers all of `pixels` with an array of probabilities."""
    import numpy as np
    import onnxruntime
    import tensorflow as tf
    from PIL import Image

    loaded = tf.saved_model.load(str(saved_model))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(onnx / "pixels.onnx"), options)
    files = [tf.io.encode_png(image).numpy() for image in pixels]

    def signature(name: str, argument: str, rows: Any) -> Call:
        call = loaded.signatures[name]
        return lambda: call(**{argument: tf.constant(rows)})["probabilities"].numpy()

    def run(rows: Any) -> Any:
        return session.run(["probabilities"], {"pixels": rows})[0]

    def decoded() -> Any:
        images = [np.asarray(Image.open(io.BytesIO(file)).convert("L")) for file in files]
        return np.stack(images)[..., None]

    return {
        "pixels": {SIGNATURE: signature("pixels", "pixels", pixels), ONNX: lambda: run(pixels)},
        "PNG": {
            SIGNATURE: signature("serving_default", "image_bytes", files),
            ONNX: lambda: run(decoded()),
        },
    }


def milliseconds(answer: Call, seconds: float) -> float:
    """The median of how long an answer takes."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        answer()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def measured(answers: dict[str, Call], rounds: int, seconds: float) -> dict[str, Any]:
    """The figures of those who answer the same."""
    import numpy as np

    by_name = {name: answer() for name, answer in answers.items()}
    np.testing.assert_allclose(by_name[SIGNATURE], by_name[ONNX], rtol=1e-3, atol=1e-5)
    for answer in answers.values():
        milliseconds(answer, seconds)
    turns = [
        {name: milliseconds(answer, seconds) for name, answer in answers.items()}
        for _ in range(rounds)
    ]
    ratios = [turn[SIGNATURE] / turn[ONNX] for turn in turns]
    return {
        "milliseconds": {name: statistics.median(turn[name] for turn in turns) for name in answers},
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each, in each round")
    parser.add_argument("--steps", type=int, default=100, help="of training before the export")
    parser.add_argument("--to", type=Path, help="where to write the figures as JSON")
    arguments = parser.parse_args()
    import tensorflow as tf

    from dlapps.datasets.digits import load_digits

    tf.config.threading.set_intra_op_parallelism_threads(1)
    logging.getLogger("dlapps").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        saved_model, onnx = exported(Path(directory), arguments.steps)
        figures = [
            {"batch_size": size, "given": given}
            | measured(answers, arguments.rounds, arguments.seconds)
            for size in BATCH_SIZES
            for given, answers in contenders(saved_model, onnx, load_digits()[0][:size]).items()
        ]
    for row in figures:
        times = ", ".join(f"{name} {value:.3f} ms" for name, value in row["milliseconds"].items())
        print(
            f"{row['given']}, batch {row['batch_size']}: {times}, ratio {row['ratio']:.2f} "
            f"({row['lowest']:.2f} to {row['highest']:.2f})"
        )
    if arguments.to:
        arguments.to.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
