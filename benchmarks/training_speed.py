"""Our training step against Keras' `fit` and the same network in PyTorch, in turns on one machine.

python benchmarks/training_speed.py [FAMILY...] [--rounds 5] [--seconds 2] [--variants] [--to FILE]

Every contender is a process of its own that waits while another works. All of a family learn from
the same batch over and over, so that what is timed is the step, and an agent plays for itself in
each. What reading and augmenting adds is seen between "ours with data", which does as training
does, and "ours prepared", which learns from batches of the same sizes that lie ready. PyTorch takes
part where it is installed, as it is and compiled, each also in bfloat16 if the processor has it;
the best counts. A ratio is the median over the rounds of ours / theirs within a round: below 1,
ours is faster.
"""

import argparse
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import tempfile
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


class Contender:
    """A process that trains when it is told to."""

    def __init__(self, family: str, name: str, batch_file: Path):
        command = [sys.executable, __file__, family, "--work", name, "--batch", str(batch_file)]
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip

    def milliseconds(self, count: int) -> float:
        """How long one of `count` steps took."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                return float(line.split()[1])
        raise SystemExit(f"{self.name} stopped; run it alone with --work to see why.")

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def measure(family: str, names: list[str], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds a step of each contender, round by round."""
    with tempfile.TemporaryDirectory() as directory:
        batch_file = Path(directory) / "batch.npz"
        command = [sys.executable, __file__, family, "--write-batch", "--batch", str(batch_file)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        contenders = [Contender(family, name, batch_file) for name in names]
        counts = {}
        for contender in contenders:  # What is traced, compiled or tuned is so before it is timed.
            for count in (2, 10):
                once = contender.milliseconds(count)
            counts[contender.name] = max(2, round(1000 * seconds / once))
        times: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for contender in contenders:
                times[contender.name].append(contender.milliseconds(counts[contender.name]))
        for contender in contenders:
            contender.close()
    return times


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over the rounds of ours / theirs."""
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def summary(times: dict[str, list[float]]) -> dict[str, Any]:
    """What the rounds of one family say."""
    medians = {name: round(statistics.median(each), 3) for name, each in times.items()}
    best_torch = min(TORCH.keys() & times.keys(), key=medians.__getitem__, default=None)
    ours = times[OURS]
    told: dict[str, Any] = {
        "milliseconds": medians,
        "ours / fit": ratio(ours, times[FIT]) if FIT in times else None,
        "ours / torch": ratio(ours, times[best_torch]) if best_torch else None,
        "best torch": best_torch,
    }
    if WITH_DATA in times:
        told["share of the data"] = round(1 - ratio(times[PREPARED], times[WITH_DATA]), 3)
    return told


def contenders_of(family: str, variants: bool) -> list[str]:
    names = [OURS, *(VARIANTS if variants else ())]
    names += [] if family in AGENTS else [WITH_DATA, PREPARED, FIT]
    if not importlib.util.find_spec("torch"):
        return names
    return names + [name for name, form in TORCH.items() if not form["bfloat16"] or has_bfloat16()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each contender in a round")
    parser.add_argument(
        "--variants", action="store_true", help="each precision, with and without XLA"
    )
    parser.add_argument("--to", type=Path, help="a JSON file")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--write-batch", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.families[0], options.work, options.batch)
    elif options.write_batch:
        write_batch(options.families[0], options.batch)
    else:
        compare(options)


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as Markdown."""
    head = ("Network", "ms a step", "ours / `fit`", "ours / PyTorch", "PyTorch's best", "data")
    rows = [head, ["---"] * len(head)]
    for family, told in results.items():
        share = told.get("share of the data")
        rows.append(
            (
                f"`{family}`",
                f"{told['milliseconds'][OURS]:.3g}",
                _two_digits(told["ours / fit"]),
                _two_digits(told["ours / torch"]),
                (told["best torch"] or "").removeprefix("torch "),
                "" if share is None else f"{100 * share:.0f} %",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _two_digits(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def compare(options: argparse.Namespace) -> None:
    """Measures family after family; what is measured so far is in the file.

    There it takes the place of what was measured before, on the same processor, of these families.
    """
    results = {}
    if options.to and options.to.exists():
        before = json.loads(options.to.read_text())
        results = before["families"] if before["processor"] == processor() else {}
    for family in options.families or FAMILIES:
        names = contenders_of(family, options.variants)
        measured = summary(measure(family, names, options.rounds, options.seconds))
        results[family] = {"rounds": options.rounds, **measured}
        print(family, json.dumps(results[family]), flush=True)
        if options.to:
            results = {family: results[family] for family in FAMILIES if family in results}
            described = {"processor": processor(), "families": results}
            options.to.write_text(json.dumps(described, indent=1) + "\n")
    print(table(results))


def has_bfloat16() -> bool:
    """Whether the processor has instructions for it."""
    from dlapps.training.hardware import CPU_BFLOAT16_FLAGS, cpu_flags

    return bool(CPU_BFLOAT16_FLAGS & cpu_flags())


def processor() -> str:
    """The processor's name, and whether it has bfloat16."""
    name = platform.processor() or platform.machine()
    return f"{name}, {'with' if has_bfloat16() else 'without'} bfloat16"


if __name__ == "__main__":
    main()
