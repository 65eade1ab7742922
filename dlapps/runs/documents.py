"""What a run writes of itself as JSON, read again whatever may have become of it since."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic

from dlapps.errors import UsageError
from dlapps.files import digest_of

DATA, ENVIRONMENT, METRICS = "data.json", "environment.json", "metrics.json"
MODEL, EXPORTS, CALIBRATION = "model.keras", "exports.json", "calibration.json"


class Environment(pydantic.BaseModel, extra="allow"):
    """`environment.json`: what a run was trained with, on what, and the digests of its files."""

    config: str
    packages: dict[str, str | None]
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    ingredients: dict[str, str] = {}
    data_fingerprints: dict[str, str] = {}
    digests: dict[str, str] = {}
    """The SHA-256 of `data.json` and of `model.keras`."""
    steps: int | None = None
    """How many were taken, once the model is trained; the others here likewise."""
    seconds_of_steps: float | None = None
    peak_memory: int | None = None
    """Bytes of main memory, at most, in the process that ended the training."""
    parameters: int | None = None
    load_average: float | None = None
    """Processes of the machine that wanted to compute in the last 15 minutes of the training."""


class Exported(pydantic.BaseModel):
    """An entry of `exports.json`: where a run was exported to."""

    saved_model: Path
    model: str | None
    """The digest of the `model.keras` that it was made of; None: the training had not ended."""


class Calibrated(pydantic.BaseModel):
    """`calibration.json`: the numbers that correct a trained model's answers, by their names."""

    model: str | None = None
    """The digest of the `model.keras` that they were found for."""
    values: dict[str, float] = {}


_EXPORTS = pydantic.TypeAdapter(list[Exported])
_METRICS = pydantic.TypeAdapter(dict[str, dict[str, Any]])


def read_document(path: Path) -> dict[str, Any]:
    """What `environment.json` or `metrics.json` says; UsageError where it is not of its form."""
    try:
        contents = path.read_bytes()
        if path.name == METRICS:
            return _METRICS.validate_json(contents)
        return Environment.model_validate_json(contents).model_dump()
    except OSError as error:
        raise UsageError(f"{path} is missing or unreadable.") from error
    except pydantic.ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        what = f"its {place} is missing or of another form" if place else "it is of another form"
        raise UsageError(f"{path} is not what this program wrote: {what}.") from error


def read_exports(run: Path) -> list[Exported]:
    """What was exported of a run, the oldest first; UsageError where that was damaged."""
    path = run / EXPORTS
    try:
        return _EXPORTS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, pydantic.ValidationError) as error:
        raise UsageError(f"{path} is not what this program wrote; delete it.") from error


def read_calibrated(run: Path, digest: str) -> Calibrated:
    """The numbers that were found for the model of this digest; UsageError where damaged."""
    path = run / CALIBRATION
    try:
        found = Calibrated.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        found = Calibrated()
    except (OSError, pydantic.ValidationError) as error:
        raise UsageError(f"{path} is not what this program wrote; delete it.") from error
    return found if found.model == digest else Calibrated(model=digest)


def duration_text(seconds: float) -> str:
    """Seconds, or minutes where they are many."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def memory_text(size: float) -> str:
    """Bytes as people count them."""
    return f"{size / 2**20:,.0f} MiB"


SAID_AS = {
    "parameters": "{:,}".format,
    "peak_memory": memory_text,
    "seconds_of_steps": duration_text,
    "steps": "{:,}".format,
}


def facts_of(environment: Mapping[str, Any]) -> dict[str, str]:
    """What `environment.json` says, for people: each fact that there is, by its name in words."""
    packages = environment["packages"]
    flat = {key: value for key, value in environment.items() if key != "packages"} | packages
    return {
        name.replace("_", " "): ", ".join(f"{k} {v}" for k, v in value.items())
        if isinstance(value, dict)
        else SAID_AS.get(name, str)(value)
        for name, value in flat.items()
        if value not in (None, [], {})
    }


def is_as_written(run: Path, name: str) -> bool:
    """Whether `data.json` or `model.keras` is the one that the run wrote.

    What an earlier edition wrote has no digest, and is taken as it is.
    """
    digest = read_document(run / ENVIRONMENT)["digests"].get(name)
    try:
        return digest in (None, digest_of(run / name))
    except OSError as error:
        raise UsageError(f"{run / name} is missing or unreadable.") from error
