"""What a training step of ResNet-50 on images of 224 pixels takes: seconds, and main memory.

python benchmarks/resnet50_step.py [--batch-size 16] [--steps 3] [--precision float32] [--most 8]

The step is the one that the loop takes, on random images and labels of 1,000 classes. The time in
which it is traced is told apart; the first step also allocates. The memory is the most that this
process has held, all of TensorFlow in it. Above --most GiB the exit code is 1.
"""

import argparse
import json
import sys
import time

import dlapps  # noqa: F401 - before TensorFlow, which it tells what kernels to use

SIDE, NUM_CLASSES = 224, 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", default="float32", help="or mixed_bfloat16")
    parser.add_argument("--most", type=float, default=8.0, help="GiB")
    options = parser.parse_args()
    measured = measure(options.batch_size, options.steps, options.precision)
    print(json.dumps(measured))
    sys.exit(measured["peak GiB"] > options.most)


def measure(batch_size: int, steps: int, precision: str) -> dict[str, float | list[float]]:
    """Seconds until the first step could begin, seconds of each step, and the peak in GiB."""
    import keras
    import tensorflow as tf

    from dlapps.config.training import TrainingSettings
    from dlapps.models.classifier import compile_classifier
    from dlapps.models.vision.resnet import resnet
    from dlapps.runs.machine import peak_memory
    from dlapps.training.checkpoints import make_slots
    from dlapps.training.hardware import choose_jit, dtype_policy
    from dlapps.training.optimizers import build_optimizer
    from dlapps.training.steps import compile_training

    settings = TrainingSettings(
        steps=steps, learning_rate=0.1, optimizer={"name": "sgd", "momentum": 0.9}
    )
    keras.utils.set_random_seed(0)
    began = time.perf_counter()
    with dtype_policy(precision):
        model = resnet((SIDE, SIDE, 3), NUM_CLASSES)
    compile_classifier(model, build_optimizer(settings))
    images = tf.random.uniform((batch_size, SIDE, SIDE, 3))
    labels = tf.random.uniform((batch_size,), maxval=NUM_CLASSES, dtype=tf.int32)
    batches = iter(tf.data.Dataset.from_tensors((images, labels)).repeat())
    make_slots(model)
    take_steps = compile_training(
        model, tf.distribute.get_strategy(), choose_jit(model, settings, 1)
    )
    one = tf.constant(1, tf.int64)
    take_steps.get_concrete_function(batches, one)
    before = round(time.perf_counter() - began, 1)
    seconds = []
    for _ in range(steps):
        began = time.perf_counter()
        if int(take_steps(batches, one)) < 1:
            raise ArithmeticError("The loss is not finite.")
        seconds.append(round(time.perf_counter() - began, 2))
    peak = round(peak_memory() / 2**30, 2)
    return {"seconds before": before, "seconds a step": seconds, "peak GiB": peak}


if __name__ == "__main__":
    main()
