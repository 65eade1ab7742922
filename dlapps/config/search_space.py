"""A search space: the settings of a config that may vary, and what each may be."""

import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dlapps.config.files import load_yaml, read_text
from dlapps.errors import UsageError, in_short

LOG_FROM = 10
"""The ratio of its ends from which on a range is searched on a log scale, unless it says else."""
SIGNIFICANT_DIGITS = 4
"""Of what is drawn from a range: no search tells more digits apart."""
DIGITS_OF_A_STEP = 12
FIXED = {
    "application": "it is what the config is for",
    "seed": "the luckiest seed makes no better config",
    "data.name": "trials on other data cannot be compared",
    "data.exclude": "trials on other data cannot be compared",
    "data.fold": "trials on other data cannot be compared",
    "data.held_out_speaker": "trials on other data cannot be compared",
    "data.num_examples": "trials on other data cannot be compared",
    "data.path": "trials on other data cannot be compared",
    "data.split": "trials on other data cannot be compared",
    "data.target_path": "trials on other data cannot be compared",
    "training.monitor": "trials are compared by it",
    "training.mode": "trials are compared by it",
}
FORMS = "a range such as 1e-4..1e-2, 0..0.5 linear, 1..100 log or 16..128 step 16, or relu|tanh"


@dataclasses.dataclass(frozen=True)
class Dimension:
    """What one setting may be: one of `choices`, or a number from `low` to `high`."""

    source: str
    """What an error calls it."""
    choices: tuple[str, ...] = ()
    """Each as YAML writes it; none where it is a range."""
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    step: float | None = None
    is_whole: bool = False
    """Whether only whole numbers are meant; `for_setting` finds out."""

    def ends(self) -> tuple[str, ...]:
        """What a config must accept for all between to be accepted."""
        return self.choices or (self.text(self.low), self.text(self.high))

    def for_setting(self, accepts: Callable[[str], bool]) -> "Dimension":
        """The same for a setting that `accepts` some values: whole numbers where it takes no other.

        So `0..1` are two values of a count, and all between of a share.
        """
        if self.choices or not self._looks_whole:
            return self
        has_whole_steps = self.step is not None
        return dataclasses.replace(self, is_whole=has_whole_steps or not accepts(self._fraction()))

    def suggested_by(self, trial: Any, key: str) -> str:
        """What an Optuna trial draws for the setting `key`, as YAML writes it.

        A number has no more digits than tell trials apart.
        """
        if self.choices:
            return trial.suggest_categorical(key, self.choices)
        if self.is_whole:
            low, high, step = int(self.low), int(self.high), int(self.step or 1)
            return str(trial.suggest_int(key, low, high, step=step, log=self.is_log))
        drawn = trial.suggest_float(key, self.low, self.high, step=self.step, log=self.is_log)
        return self.text(drawn)

    def value(self, text: str) -> float | str:
        """What was drawn: a number of the range, or the choice as it was written."""
        return text if self.choices else int(text) if self.is_whole else float(text)

    def text(self, value: float) -> str:
        """A number of the range as YAML writes it."""
        if float(value).is_integer() and self._looks_whole:
            return str(int(value))
        digits = SIGNIFICANT_DIGITS if self.step is None else DIGITS_OF_A_STEP
        return _scalar(min(max(float(f"{value:.{digits}g}"), self.low), self.high))

    def written(self) -> str:
        """It as `--space` takes it; two that are the same are written alike."""
        if self.choices:
            return "|".join(self.choices)
        low, high, step = (_shortest(number) for number in (self.low, self.high, self.step or 0))
        scale = f"step {step}" if self.step else "log" if self.is_log else "linear"
        return f"{low}..{high} {scale}"

    @property
    def _looks_whole(self) -> bool:
        return all(float(number).is_integer() for number in (self.low, self.high, self.step or 1))

    def _fraction(self) -> str:
        """A number between the ends that is not whole."""
        middle = self.low / 2 + self.high / 2
        return _scalar(middle + 0.5 if middle.is_integer() else middle)


Space = Mapping[str, Dimension]


def read_space(given: Iterable[str]) -> Space:
    """The space in files and `KEY=RANGE` or `KEY=CHOICE|CHOICE`, by key in alphabetical order.

    Of what is given twice, the last counts. Raises UsageError, which names what is wrong.
    """
    space = {key: dimension for text in given for key, dimension in _read(text)}
    if not space:
        raise UsageError("The space is empty: there is no --space KEY=LOW..HIGH in it.")
    for key, dimension in space.items():
        _refuse_fixed(key, dimension)
        for other in space:
            if key.startswith(f"{other}."):
                raise UsageError(
                    f"{dimension.source}: {in_short(key)} lies in {in_short(other)}, which is in "
                    "the space, too. Leave out one of them."
                )
    return dict(sorted(space.items()))


def _refuse_fixed(key: str, dimension: Dimension) -> None:
    for fixed, reason in FIXED.items():
        if f"{fixed}.".startswith(f"{key}."):
            raise UsageError(f"{dimension.source}: {fixed} cannot be searched: {reason}.")


def _read(text: str) -> Iterator[tuple[str, Dimension]]:
    """What one `--space` says, be it a file or a single setting."""
    key, equals, rest = text.partition("=")
    if not equals:
        yield from _read_file(Path(text))
        return
    if not key or not key.isprintable():
        raise UsageError(f"--space {in_short(text)} is not of the form KEY={FORMS}.")
    yield key, _dimension(rest, f"--space {in_short(text)}")


def _read_file(path: Path) -> Iterator[tuple[str, Dimension]]:
    if not os.path.isfile(path):  # Which asks no more of a path than to be text.
        raise UsageError(
            f"--space {in_short(str(path))}: there is no such file, and it is not of the form "
            f"KEY={FORMS}."
        )
    for key, value in _flat(load_yaml(read_text(path), str(path))):
        source = f"{path}: {in_short(key)}"
        if isinstance(value, list):
            yield key, _choices([_scalar(each) for each in value], source)
        elif isinstance(value, str):
            yield key, _dimension(value, f"{source}: {in_short(value)}")
        else:
            raise UsageError(f"{source}: {in_short(str(value))} is neither {FORMS}, nor a list.")


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings of nested sections, by their dotted names."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _dimension(text: str, source: str) -> Dimension:
    if "|" in text:
        return _choices([choice.strip() for choice in text.split("|")], source)
    low, dots, rest = text.partition("..")
    high, *options = rest.split() or [""]
    if not dots or len(options) > 2:
        raise UsageError(f"{source} is neither {FORMS}. A single value is given with --set.")
    return _range(_number(low, source), _number(high, source), options, source)


def _choices(values: Sequence[str], source: str) -> Dimension:
    if len(set(values)) < len(values) or len(values) < 2 or "" in values:
        raise UsageError(f"{source} is no choice: give at least two values, each of them once.")
    return Dimension(source, choices=tuple(values))


def _range(low: float, high: float, options: Sequence[str], source: str) -> Dimension:
    if not low < high:
        raise UsageError(f"{source} is no range: its first end must be smaller than its second.")
    scaled = Dimension(source, low=low, high=high)
    match options:
        case []:
            return dataclasses.replace(scaled, is_log=low > 0 and high / low >= LOG_FROM)
        case ["linear"]:
            return scaled
        case ["log"]:
            if low <= 0:
                raise UsageError(f"{source} has no log scale: both its ends must be above 0.")
            return dataclasses.replace(scaled, is_log=True)
        case ["step", text]:
            step = _number(text, source)
            if not 0 < step <= high - low or not math.isfinite((high - low) / step):
                raise UsageError(f"{source} has no such step: it must be in 0..{high - low:g}.")
            # The last that steps from the first end reach, but for rounding.
            reached = low + math.floor((high - low) / step + 1e-9) * step
            return dataclasses.replace(scaled, high=reached, step=step)
    raise UsageError(f"{source} does not end in log, linear or step NUMBER.")


def _number(text: str, source: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{source}: {in_short(repr(text))} is no number.")
    return number


def _shortest(number: float) -> str:
    """A number without loss, as people write it."""
    return str(int(number)) if number == int(number) and abs(number) < 1e9 else repr(number)


def _scalar(value: Any) -> str:
    """A value as YAML writes it on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")
