"""How long the exported LeNet-5 takes to answer, beside onnxruntime on the same network and rows.

python benchmarks/onnx_latency.py [--rounds 15] [--seconds 0.3] [--steps 100] [--to FILE]

LeNet-5 is trained for a few steps on the digits and exported both ways; both answer the same
decoded pixels, in turns in one process, on one thread each. "signature" is the SavedModel's
`pixels` as tf.saved_model.load gives it, which looks up the name of the class as well;
"onnxruntime" runs the ONNX file. A ratio is the median over the rounds of signature / onnxruntime
within a round: below 1, the SavedModel is faster.
"""

import argparse
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


def contenders(saved_model: Path, onnx: Path, pixels: Any) -> dict[str, Callable[[], Any]]:
    """Each answers all of `pixels` with an array of probabilities."""
    import onnxruntime
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved_model))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(onnx / "pixels.onnx"), options)

    return {
        SIGNATURE: lambda: loaded.signatures["pixels"](pixels=tf.constant(pixels))[
            "probabilities"
        ].numpy(),
        ONNX: lambda: session.run(["probabilities"], {"pixels": pixels})[0],
    }


def milliseconds(answer: Callable[[], Any], seconds: float) -> float:
    """The median of how long an answer takes."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        answer()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def measured(saved_model: Path, onnx: Path, size: int, rounds: int, seconds: float) -> dict:
    """The figures for batches of one size."""
    import numpy as np

    from dlapps.datasets.digits import load_digits

    pixels = load_digits()[0][:size]
    answers = contenders(saved_model, onnx, pixels)
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
        "batch_size": size,
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

    tf.config.threading.set_intra_op_parallelism_threads(1)
    logging.getLogger("dlapps").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        saved_model, onnx = exported(Path(directory), arguments.steps)
        figures = [
            measured(saved_model, onnx, size, arguments.rounds, arguments.seconds)
            for size in BATCH_SIZES
        ]
    for row in figures:
        times = ", ".join(f"{name} {value:.3f} ms" for name, value in row["milliseconds"].items())
        print(
            f"batch {row['batch_size']}: {times}, ratio {row['ratio']:.2f} "
            f"({row['lowest']:.2f} to {row['highest']:.2f})"
        )
    if arguments.to:
        arguments.to.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
