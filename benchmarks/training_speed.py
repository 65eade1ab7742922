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
from pathlib import Path
from typing import Any

import training_steps
from training_steps import (
    AGENTS,
    ANSWER,
    FAMILIES,
    FIT,
    OURS,
    PREPARED,
    TORCH,
    VARIANTS,
    WITH_DATA,
)

STEPS = str(training_steps.__file__)


class Contender:
    """A process that trains when it is told to."""

    def __init__(self, family: str, name: str, batch_file: Path):
        command = [sys.executable, STEPS, family, name, str(batch_file)]
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
        raise SystemExit(f"{self.name} stopped; run training_steps.py alone to see why.")

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def measure(family: str, names: list[str], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds a step of each contender, round by round."""
    with tempfile.TemporaryDirectory() as directory:
        batch_file = Path(directory) / "batch.npz"
        command = [sys.executable, STEPS, family, "--write-batch", str(batch_file)]
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
    compare(parser.parse_args())


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
