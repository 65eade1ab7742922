"""One contender of training_speed.py: a process that takes training steps when it is told to.

python benchmarks/training_steps.py FAMILY CONTENDER BATCH_FILE    then a number of steps a line
python benchmarks/training_steps.py FAMILY --write-batch BATCH_FILE
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import dlapps  # noqa: F401 - before TensorFlow, which it tells what kernels to use

FAMILIES = {
    "perceptron": ("classification", "mnist_perceptron"),
    "mlp": ("classification", "mnist_mlp"),
    "lenet5": ("classification", "mnist_lenet5"),
    "lenet5 modern": ("classification", "mnist_lenet5_modern"),
    "resnet20": ("classification", "cifar10_resnet20"),
    "capsule_network": ("classification", "mnist_small_capsule_network"),
    "unet": ("segmentation", "shapes_unet"),
    "fcos": ("detection", "shapes_fcos"),
    "keyword_cnn": ("speech", "spoken_digit_keyword_cnn"),
    "attention_lstm": ("speech", "spoken_digit_attention_lstm"),
    "ctc_lstm": ("transcription", "an4_ctc_lstm"),
    "attention_translator": ("translation", "multi30k_attention"),
    "recurrent_language_model": ("language", "tiny_shakespeare_lstm"),
    "recurrent_language_model words": ("language", "ptb_lstm"),
    "transformer_language_model": ("language", "tiny_shakespeare_transformer"),
    "transformer_translator": ("translation", "multi30k_transformer"),
    "convolutional_autoencoder": ("generation", "mnist_convolutional_autoencoder"),
    "rbm": ("generation", "mnist_rbm"),
    "variational_autoencoder": ("generation", "mnist_variational_autoencoder"),
    "dcgan": ("generation", "fashion_mnist_dcgan"),
    "dqn": ("games", "cartpole_dqn"),
}
CHANGES = {"resnet20": ["data.name=mnist", "data.builder=null"]}
"""What is set otherwise than in a family's config: the data that most of the others learn from."""
AGENTS = {"dqn"}
OURS, WITH_DATA, PREPARED, FIT = "ours", "ours with data", "ours prepared", "fit"
PREPARED_BATCHES = 32
VARIANTS = {
    f"ours {precision}{' compiled' if jit else ''}": (precision, jit)
    for precision in ("float32", "mixed_bfloat16")
    for jit in (False, True)
}
TORCH = {
    f"torch {'bfloat16' if bfloat16 else 'float32'}{' compiled' if compiled else ''}": {
        "bfloat16": bfloat16,
        "compiled": compiled,
    }
    for bfloat16 in (False, True)
    for compiled in (False, True)
}
ANSWER = "milliseconds"
Steps = Callable[[int], Any]


class Built(NamedTuple):
    """A family by its config, ready to train."""

    application: Any
    spec: Any
    model: Any
    batches: Any


def build(family: str, precision: str | None = None, jit: bool | None = None) -> Built:
    import keras

    from dlapps.applications import load_application
    from dlapps.config.files import find_config
    from dlapps.runs.directory import read_config
    from dlapps.training.hardware import choose_precision, dtype_policy

    name, config_name = FAMILIES[family]
    file = find_config(name, config_name)
    assignments = [*CHANGES.get(family, [])]
    if jit is not None:
        assignments.append(f"training.jit={str(jit).lower()}")
    config = read_config(name, file.path.read_text(), file.name, assignments)
    application = load_application(name)(config)
    data = application.build_data()

    def network() -> keras.Model:
        return application.build_model(data.spec)

    policy = precision or choose_precision(config.training.precision, network)
    keras.utils.set_random_seed(0)
    with dtype_policy(policy):
        model = network()
    stage = next(iter(application.stages(model, data)))
    return Built(application, data.spec, model, stage.batches)


def one_batch(built: Built) -> Any:
    """A batch as it enters the model's `train_step`; not the first, which an epoch begins with."""
    return next(iter(built.batches.from_step(3)))


def repeated(family: str, built: Built) -> Any:
    """One batch again and again; an agent has none that could be."""
    import tensorflow as tf

    if family in AGENTS:
        return built.batches.from_step(0)
    return tf.data.Dataset.from_tensors(one_batch(built)).repeat()


def our_steps(family: str, contender: str) -> Steps:
    import tensorflow as tf

    from dlapps.training.checkpoints import make_slots
    from dlapps.training.hardware import choose_jit
    from dlapps.training.steps import compile_training

    built = build(family, *VARIANTS.get(contender, ()))
    if contender in (WITH_DATA, PREPARED):
        source = built.batches.from_step(0)
    else:
        source = repeated(family, built)
    if contender == PREPARED:
        prepared = source.take(PREPARED_BATCHES).cache()
        for _ in prepared:
            pass
        source = prepared.repeat()
    batches = iter(source)
    make_slots(built.model)
    jit = choose_jit(built.model, built.application.config.training, 1)
    take_steps = compile_training(built.model, tf.distribute.get_strategy(), jit)
    return lambda count: int(take_steps(batches, tf.constant(count, tf.int64)))


def fit_steps(family: str) -> Steps:
    built = build(family)
    batches = repeated(family, built)

    def take_steps(count: int) -> None:
        built.model.fit(batches, steps_per_epoch=count, verbose=0, shuffle=False)

    return take_steps


def torch_steps(family: str, contender: str, batch_file: Path) -> Steps:
    import numpy as np
    import torch
    import torch_networks

    torch.manual_seed(0)
    with np.load(batch_file) as arrays:
        batch = dict(arrays)
    options = json.loads(str(batch.pop("options")))
    step = getattr(torch_networks, family.split()[0])(batch, options, **TORCH[contender])

    def take_steps(count: int) -> None:
        for _ in range(count):
            loss = step()
        if not torch.isfinite(loss):
            raise ArithmeticError(f"{family}, {contender}: the loss is {loss}.")

    return take_steps


def write_batch(family: str, file: Path) -> None:
    """What a process without TensorFlow needs: the batch that all learn from, and the options."""
    import numpy as np

    built = build(family)
    arrays: dict[str, Any] = {"options": json.dumps(dict(built.application.config.model))}
    if family not in AGENTS:
        batch = one_batch(built)
        parts = batch if isinstance(batch, tuple) else (batch,)
        for name, part in zip(("x", "y", "sample_weight"), parts):
            arrays |= part if isinstance(part, dict) else {name: part}
    if FAMILIES[family][0] == "translation":
        source, target = built.spec.vocabularies()
        arrays |= {"source_tokens": len(source), "target_tokens": len(target)}
    if FAMILIES[family][0] == "transcription":
        arrays["num_letters"] = len(built.spec.letters)
    if FAMILIES[family][0] == "language":
        arrays["num_tokens"] = len(built.spec.vocabulary())
    np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})


def work(family: str, contender: str, batch_file: Path) -> None:
    """Takes as many steps as each line of stdin says, and answers with the milliseconds of one."""
    if contender in TORCH:
        take_steps = torch_steps(family, contender, batch_file)
    elif contender == FIT:
        take_steps = fit_steps(family)
    else:
        take_steps = our_steps(family, contender)
    for line in sys.stdin:
        count = int(line)
        began = time.perf_counter()
        take_steps(count)
        print(ANSWER, 1000 * (time.perf_counter() - began) / count, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("family")
    parser.add_argument("contender", nargs="?")
    parser.add_argument("--write-batch", action="store_true")
    parser.add_argument("batch", type=Path)
    options = parser.parse_args()
    if options.write_batch:
        write_batch(options.family, options.batch)
    else:
        work(options.family, options.contender, options.batch)


if __name__ == "__main__":
    main()
