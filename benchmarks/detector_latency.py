"""How long an exported detector takes to answer an image, beside onnxruntime on the same network.

python benchmarks/detector_latency.py runs/detection/bccd_fcos/0 [--rounds 9] [--seconds 2]

The run is exported both ways; both are given the same images at the size of the network, in turns
in one process, on one thread each. "signature" is the SavedModel's, from pixels to the boxes that
are left; "onnxruntime" runs the ONNX file, whose answer is the boxes of all places: to choose among
them is not in it, nor in its time. The two are checked to agree once that is done. A ratio is the
median over the rounds of signature / onnxruntime within a round: below 1, the SavedModel is faster.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import dlapps  # noqa: F401 - before TensorFlow, which it tells what kernels to use
from benchmarks.onnx_latency import ONNX, SIGNATURE, Call, milliseconds

BATCH_SIZES = (1, 8)


def contenders(saved_model: Path, onnx: Path, images: Any) -> dict[str, Call]:
    """Each answers all of `images` with its outputs."""
    import onnxruntime
    import tensorflow as tf

    signature = tf.saved_model.load(str(saved_model)).signatures["pixels"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(onnx / "candidates.onnx"), options)
    names = ["candidates", "probabilities"]
    return {
        SIGNATURE: lambda: {n: x.numpy() for n, x in signature(pixels=tf.constant(images)).items()},
        ONNX: lambda: dict(zip(names, session.run(names, {"images": images}), strict=True)),
    }


def check_agreement(answers: dict[str, Call], suppression: Any) -> None:
    """Fails where the two would not find the same."""
    import numpy as np

    from dlapps.decoding.non_maximum_suppression import non_maximum_suppression

    ours, theirs = answers[SIGNATURE](), answers[ONNX]()
    chosen = non_maximum_suppression(
        theirs["candidates"],
        theirs["probabilities"],
        suppression.score_threshold,
        suppression.overlap,
        suppression.max_detections,
    )
    assert ours["count"].min() > 0, "on nothing found, all detectors agree"
    np.testing.assert_allclose(ours["scores"], chosen["scores"], atol=1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="a finished run of detection")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each, in each round")
    arguments = parser.parse_args()
    import tensorflow as tf

    from dlapps.runs.trained import open_run

    tf.config.threading.set_intra_op_parallelism_threads(1)
    run = open_run("detection", arguments.run)
    images = run.application.build_data()["test"].columns["image"]
    with tempfile.TemporaryDirectory() as directory:
        saved_model = run.export(Path(directory))
        onnx = run.export_network(Path(directory), None, "onnx")
        for size in BATCH_SIZES:
            answers = contenders(saved_model, onnx, images[:size])
            check_agreement(answers, run.application.config.suppression)
            turns = [
                {name: milliseconds(call, arguments.seconds) / size for name, call in turn.items()}
                for turn in [answers] * arguments.rounds
            ]
            ratios = [turn[SIGNATURE] / turn[ONNX] for turn in turns]
            times = {name: statistics.median(turn[name] for turn in turns) for name in answers}
            told = ", ".join(f"{name} {time:.1f} ms an image" for name, time in times.items())
            print(
                f"batch {size}: {told}, ratio {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
            )


if __name__ == "__main__":
    main()
