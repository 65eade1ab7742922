"""Answers as ONNX or LiteRT files, each loaded and compared before it is kept."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dlapps.errors import UsageError, did_you_mean, reason
from dlapps.export import litert, onnx
from dlapps.export.answer import Answer, Arrays
from dlapps.export.comparison import Run, compare_in_8_bits, compare_in_floats
from dlapps.export.description import describe_tensor
from dlapps.export.errors import ExportError
from dlapps.export.numeric import NumericGraph, as_arrays, numeric_graph
from dlapps.export.publishing import publish, staging_folder
from dlapps.files import json_text

logger = logging.getLogger(__name__)

DESCRIPTION = "model.json"
LEFT_OUT = (
    "These files begin and end with numbers. Reading files and sentences, resampling and resizing, "
    "drawing random numbers and searching step by step are not in them; a SavedModel has all that."
)


class Format(NamedTuple):
    """How answers are written in a format, and read again."""

    title: str
    kind: str
    """What the names of its folders begin with."""
    suffix: str
    num_rows: int | None
    """How many a file takes at a time; None: any."""
    cannot: Mapping[str, str]
    """Why an answer cannot be in it, by the beginning of the name of an operation."""
    convert: Callable[[NumericGraph, Iterable[Arrays] | None], bytes]
    load: Callable[[Path], Run]


ONNX = Format("ONNX", "onnx-", ".onnx", None, onnx.CANNOT, onnx.convert, onnx.load)
# A fixed number of rows is what it needs to hold recurrent networks.
LITERT = Format("LiteRT", "litert-", ".tflite", 1, litert.CANNOT, litert.convert, litert.load)
LITERT_INT8 = LITERT._replace(
    title="LiteRT in 8 bits", kind="litert-int8-", cannot=litert.CANNOT_IN_8_BITS
)


class Splits(NamedTuple):
    """The examples that 8-bit numbers are fitted to, and those they are measured on."""

    train: Any
    validation: Any


def choose_format(name: str, quantize: str | None) -> Format:
    """The format by its name. Raises UsageError where it is not to be had."""
    if name == "onnx":
        if quantize:
            raise UsageError(
                "--quantize int8 goes with --format litert; ONNX is written in floats."
            )
        onnx.check_installed()
        return ONNX
    return LITERT_INT8 if quantize else LITERT


def write_other_format(
    directory: Path,
    answers: Mapping[str, Answer],
    chosen: Format,
    about: Mapping[str, Any],
    *,
    signature: str | None = None,
    splits: Splits | None = None,
) -> Path:
    """The new folder `directory/<kind><version>` of a file for each answer, and a description.

    `answers` take and give numbers; `signature` is the one wanted, where not all. With `splits`
    the files hold 8-bit numbers. What cannot be in the format is left out, and said. `about` opens
    the description. Raises UsageError when nothing can be, and ExportError, with nothing left
    behind, when a file does not answer like its model or cannot be written.
    """
    wanted = _wanted(answers, signature, chosen)
    try:
        with staging_folder(directory) as staging:
            staging.mkdir()
            described, refusals = [], []
            for name, answer in wanted.items():
                try:
                    described.append(_write_one(staging, name, answer, chosen, splits))
                except UsageError as refusal:
                    refusals.append(str(refusal))
            if not described:
                others = [name for name in answers if name not in wanted]
                if others:
                    refusals.append(f"Others of this run are {', '.join(others)}.")
                raise UsageError(" ".join(refusals))
            for left_out in refusals:
                logger.warning("%s", left_out)
            document = {**about, "left_out": LEFT_OUT, "signatures": described}
            (staging / DESCRIPTION).write_text(json_text(document) + "\n")
            return publish(staging, directory, chosen.kind)
    except OSError as error:
        message = f"The {chosen.title} export cannot be written to {directory}: {reason(error)}."
        raise ExportError(message) from error


def _wanted(
    answers: Mapping[str, Answer], signature: str | None, chosen: Format
) -> Mapping[str, Answer]:
    if not answers:
        raise UsageError(
            f"Nothing of this run can be {chosen.title}: it holds numbers alone, and every answer "
            "takes strings. --format savedmodel has them all."
        )
    if signature is None:
        return answers
    if signature not in answers:
        raise UsageError(
            f"--signature {signature} cannot be {chosen.title}, which takes and gives numbers alone"
            + did_you_mean(signature, answers)
        )
    return {signature: answers[signature]}


def _write_one(
    staging: Path, name: str, answer: Answer, chosen: Format, splits: Splits | None
) -> dict[str, Any]:
    """Writes the file of one answer, and says what is in it and how it compares."""
    graph = numeric_graph(answer, chosen.num_rows)
    operations = graph.operations()
    for beginning, why in chosen.cannot.items():
        if any(operation.startswith(beginning) for operation in operations):
            raise UsageError(f"Signature {name} cannot be {chosen.title}: it {why}.")
    file = staging / f"{name}{chosen.suffix}"
    run = _converted(file, name, answer, graph, chosen, splits)
    if splits is None:
        compared = compare_in_floats(name, answer, run)
    else:
        compared = compare_in_8_bits(name, answer, run, splits.validation)
    return {
        "signature": name,
        "file": file.name,
        "inputs": [
            {"name": spec.name, **describe_tensor(spec, answer.input_kinds.get(spec.name))}
            for spec in graph.specs
        ],
        "outputs": [
            {"name": output, **describe_tensor(spec, answer.output_kinds.get(output))}
            for output, spec in graph.concrete().structured_outputs.items()
        ],
        "compared": compared,
    }


def _converted(
    file: Path,
    name: str,
    answer: Answer,
    graph: NumericGraph,
    chosen: Format,
    splits: Splits | None,
) -> Run:
    """What the file answers, after it was written and loaded."""
    examples = None
    if splits is not None:
        if answer.rows is None:
            raise UsageError(
                f"Signature {name} takes nothing that the data hold, so 8-bit numbers cannot be "
                "fitted to it; without --quantize it is written in floats."
            )
        examples = answer.rows(splits.train)
    try:
        with _silence():
            file.write_bytes(chosen.convert(graph, examples))
            run = chosen.load(file)
            run(as_arrays(answer, answer.example()[0]))
            return run
    except OSError:
        raise
    except Exception as error:  # What they do not know, converters end in any way there is.
        file.unlink(missing_ok=True)
        raise UsageError(f"Signature {name} cannot be {chosen.title}: {reason(error)}.") from error


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """A block in which nothing reaches stderr: converters tell how they fare in many lines, from
    C++ too, and what goes wrong they raise as well."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with open(os.devnull, "wb") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
