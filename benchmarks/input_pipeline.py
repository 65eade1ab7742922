"""What the input pipeline adds to a training step: real batches against one batch repeated.

python benchmarks/input_pipeline.py CONFIG... [--set KEY=VALUE]... [--rounds 5] [--steps 200]

Both use the same compiled step, alternating; the share is (with - without) / with.
"""

import argparse
import statistics
import time

import tensorflow as tf

from dlapps.applications import load_application
from dlapps.config.files import find_config
from dlapps.runs.directory import read_config
from dlapps.training.steps import compile_training


def measure(config_name: str, assignments: list[str], rounds: int, steps: int) -> None:
    file = find_config("classification", config_name)
    config = read_config("classification", file.path.read_text(), file.name, assignments)
    application = load_application("classification")(config)
    data = application.build_data()
    model = application.build_model(data.spec)
    stage = next(application.stages(model, data))
    real = stage.batches.from_step(0)
    repeated = tf.data.Dataset.from_tensors(next(iter(real))).repeat()
    take_steps = compile_training(model, tf.distribute.get_strategy(), jit=False)
    sources = {"with": iter(real), "without": iter(repeated)}
    times: dict[str, list[float]] = {name: [] for name in sources}
    for turn in range(rounds + 1):
        for name, batches in sources.items():
            began = time.monotonic()
            int(take_steps(batches, tf.constant(steps, tf.int64)))
            if turn:
                times[name].append(1000 * (time.monotonic() - began) / steps)
    shares = [1 - b / a for a, b in zip(times["with"], times["without"], strict=True)]
    print(
        f"{config_name}: {statistics.median(times['with']):.3f} ms a step, "
        f"{statistics.median(times['without']):.3f} without the pipeline, "
        f"which takes {100 * statistics.median(shares):.1f} % (median of {rounds} pairs)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--set", dest="assignments", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    for config in options.configs:
        measure(config, options.assignments, options.rounds, options.steps)


if __name__ == "__main__":
    main()
