"""How close a file of another format comes to its model: the gate before it is kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.export.answer import Answer, Arrays
from dlapps.export.errors import ExportError
from dlapps.export.numeric import as_arrays
from dlapps.export.parity import disagreement
from dlapps.progress import progress

Run = Callable[[Arrays], Arrays]
"""What a file answers, from inputs to outputs by their names."""

TOLERANCE = 1e-5
LEAST_EQUAL = 0.95
"""Of the decisions in 8 bits."""
MOST_OFF = 0.05
"""In 8 bits, of the range of what is expected, on average."""


def compare_in_floats(name: str, answer: Answer, run: Run) -> dict[str, Any]:
    """How far the file is off on the example of the answer called `name`, by output.

    Raises ExportError where that is more than TOLERANCE + 10 * TOLERANCE * |expected|.
    """
    example, expected = answer.example()
    inputs = as_arrays(answer, example)
    outputs = run(inputs)
    for output, wanted in expected.items():
        actual, wanted = (tf.convert_to_tensor(array) for array in (outputs[output], wanted))
        problem = disagreement(actual, wanted, TOLERANCE)
        if problem:
            raise ExportError(f"Output {output!r} of signature {name!r} {problem}.")
    return {
        "with": "Keras, on an example",
        "rows": len(next(iter(inputs.values()))),
        "largest_difference": _largest_differences(outputs, expected),
        "tolerance": f"{TOLERANCE} + {10 * TOLERANCE} * |expected|",
    }


def compare_in_8_bits(name: str, answer: Answer, run: Run, validation: Any) -> dict[str, Any]:
    """How far the file is off, and how often it decides alike, on the validation split.

    Raises ExportError where fewer decisions than LEAST_EQUAL are alike or, of an output that
    decides nothing, the mean difference is more than MOST_OFF of the range of what is expected.
    """
    assert answer.rows is not None, "it was fitted to such rows"
    function = tf.function(lambda tensors: dict(answer.function(**tensors)))
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    num_rows = 0
    for batch in progress(answer.rows(validation), "Comparing"):
        tensors = answer.tensors(batch)
        num_rows += len(next(iter(tensors.values())))
        outputs = run(as_arrays(answer, batch))
        for output, wanted in function(tensors).items():
            if wanted.dtype.is_floating:
                parts.setdefault(output, []).append((outputs[output], wanted.numpy()))
    actual, expected = (
        {output: np.concatenate([pair[side] for pair in pairs]) for output, pairs in parts.items()}
        for side in (0, 1)
    )
    equal = {
        output: float((actual[output].argmax(-1) == expected[output].argmax(-1)).mean())
        for output in expected
        if output in answer.output_kinds and "names" in answer.output_kinds[output].facts
    }
    off = {
        output: float(np.abs(actual[output] - wanted).mean() / max(np.ptp(wanted), 1e-9))
        for output, wanted in expected.items()
        if output not in equal
    }
    _refuse_what_differs(name, equal, off)
    return {
        "with": "the model in floats, on the validation split",
        "rows": num_rows,
        "largest_difference": _largest_differences(actual, expected),
        "equal_decisions": equal,
        "mean_difference_of_range": off,
        "tolerance": f"at least {LEAST_EQUAL} equal decisions, or a mean difference of at most "
        f"{MOST_OFF} of the range",
    }


def _refuse_what_differs(name: str, equal: dict[str, float], off: dict[str, float]) -> None:
    for output, share in equal.items():
        if not share >= LEAST_EQUAL:
            raise ExportError(
                f"In 8 bits, output {output!r} of signature {name!r} decides like the model in "
                f"{share:.1%} of the validation split; {LEAST_EQUAL:.0%} are asked for."
            )
    for output, share in off.items():
        if not share <= MOST_OFF:
            raise ExportError(
                f"In 8 bits, output {output!r} of signature {name!r} is off by {share:.1%} of its "
                f"range on average; {MOST_OFF:.0%} are allowed."
            )


def _largest_differences(actual: Arrays, expected: Arrays) -> dict[str, float]:
    return {
        output: float(np.abs(actual[output].astype(float) - wanted.astype(float)).max())
        for output, wanted in expected.items()
    }
