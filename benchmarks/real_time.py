"""How much faster than the sound itself exported recognisers of speech answer.

python benchmarks/real_time.py RUN... [--batch-size 32] [--seconds 5] [--to FILE]

Each RUN, of speech or of transcription, is exported and loaded as a server would, on one thread.
What is timed is from the bytes of WAV files to the answer: the front end, the network and, where
there is one, the beam search. "singly" is the median time of clips of one second, in which shorter
recordings are said again, one at a time; "in batches" is how many seconds of sound are answered a
second, of the test recordings in order of their length. A warm-up in the same shapes comes before.
"""

import argparse
import itertools
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

import dlapps  # noqa: F401 - before TensorFlow, which it tells what kernels to use

MOST_RECORDINGS = 512
Call = Callable[[list[bytes]], Any]


def test_recordings(run: Any) -> list[Any]:
    """int16 waveforms, the shortest first."""
    from dlapps.data.batches import in_order

    waveforms = []
    for columns in in_order(run.data["test"][:MOST_RECORDINGS], 1, lambda columns: columns):
        waveform = columns["waveform"].numpy()[0]
        own = int(columns["num_samples"][0]) if "num_samples" in columns else len(waveform)
        waveforms.append(waveform[:own])
    return sorted(waveforms, key=len)


def recogniser(run: Any, directory: Path) -> Call:
    """What answers the bytes of WAV files, waiting until the answer is there."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(run.export(directory)))
    signature = loaded.signatures["serving_default"]

    def answer(files: list[bytes]) -> None:
        for output in signature(wav_bytes=tf.constant(files)).values():
            output.numpy()

    return answer


def measured(run: Any, answer: Call, batch_size: int, seconds: float) -> dict[str, float]:
    import numpy as np

    from dlapps.data.audio.recordings import encode_wav

    rate, waveforms = run.data.spec.sample_rate, test_recordings(run)
    clips = [[encode_wav(np.resize(waveform, rate), rate)] for waveform in waveforms[-32:]]
    singly = [1000 * each for each in seconds_each(answer, clips, seconds)]
    whole = waveforms[: len(waveforms) // batch_size * batch_size]
    files = [encode_wav(waveform, rate) for waveform in whole]
    batches = [files[begin : begin + batch_size] for begin in range(0, len(files), batch_size)]
    times = [*itertools.islice(seconds_each(answer, batches, float("inf")), len(batches))]
    sound = sum(map(len, whole)) / rate
    return {
        "milliseconds a one-second clip": round(statistics.median(singly), 2),
        "seconds of sound a second, in batches": round(sound / sum(times), 1),
    }


def seconds_each(answer: Call, inputs: list[list[bytes]], limit: float) -> Iterator[float]:
    """How long each answer takes, after all were answered once, for so many seconds."""
    for files in inputs:
        answer(files)
    end = time.perf_counter() + limit
    for files in itertools.cycle(inputs):
        began = time.perf_counter()
        answer(files)
        now = time.perf_counter()
        yield now - began
        if now > end:
            return


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0, help="of answering singly")
    parser.add_argument("--to", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    import tensorflow as tf

    from dlapps.runs.trained import open_run

    tf.config.threading.set_intra_op_parallelism_threads(1)
    logging.getLogger("dlapps").setLevel(logging.ERROR)
    figures = {}
    for path in options.runs:
        written = yaml.safe_load((path / "config.yaml").read_text())
        run = open_run(written["application"], path)
        name = f"{path.parent.name}/{path.name}"
        with tempfile.TemporaryDirectory() as directory:
            answer = recogniser(run, Path(directory))
            figures[name] = measured(run, answer, options.batch_size, options.seconds)
        print(name, json.dumps(figures[name]), flush=True)
    if options.to:
        options.to.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
