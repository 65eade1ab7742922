"""JSON values as arrays and arrays as JSON values, by the rules of TF Serving's REST API."""

import base64
import binascii
import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import tensorflow as tf

from dlapps.errors import in_short
from dlapps.serving.errors import RequestError
from dlapps.serving.model import TensorSpec

BYTES = "b64"
"""The only key of an object that holds bytes, in base64."""
BYTES_SUFFIX = "_bytes"
"""An output whose name ends so holds bytes, not text."""
DEEPEST = 32
"""Lists inside one another."""

INTEGERS = (
    tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64,
)  # fmt: skip
NOT_FINITE = {"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"}
EXACT_BITS = {tf.float64: 53, tf.float32: 24, tf.float16: 11, tf.bfloat16: 8}
"""Of the whole numbers that a type of float holds exactly, as TF Serving counts them."""
READABLE = {tf.string, tf.bool, *INTEGERS, *EXACT_BITS}

Field = Callable[[tuple[int, ...]], str]
"""From the place of a value in its array to its name in the request."""


def is_bytes(value: object) -> bool:
    """Whether a JSON value is an object that holds bytes."""
    return isinstance(value, dict) and value.keys() == {BYTES} and isinstance(value[BYTES], str)


def read_array(value: Any, spec: TensorSpec, field: Field, most_values: int) -> np.ndarray:
    """The array that nested lists hold; strings as an array of bytes objects.

    Raises RequestError that names the field where they are ragged, hold another type than `spec`
    asks for, or what it could not hold, and where they are no such shape.
    """
    if spec.dtype not in READABLE:
        raise RequestError(f"{field(())} is of type {spec.dtype.name}, which REST cannot carry.")
    shape, values = _flattened(value, field)
    if len(values) > most_values:
        raise RequestError(
            f"{field(())} holds {len(values)} values; at most {most_values} are taken.", 413
        )
    try:
        flat = _as_type(values, spec.dtype)
    except _Unfit as unfit:
        place = tuple(int(i) for i in np.unravel_index(unfit.place, shape)) if shape else ()
        raise RequestError(f"{field(place)} is {unfit}.") from unfit
    if not spec.takes(shape):
        given = ", ".join(map(str, shape))
        raise RequestError(f"{field(())} has the shape [{given}], but the model takes {spec}.")
    return flat.reshape(shape)


def _flattened(value: Any, field: Field) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists, and all that they hold in a row."""
    shape: list[int] = []
    level = [value]
    while level and isinstance(level[0], list):
        size = len(level[0])
        for number, part in enumerate(level):
            if not isinstance(part, list) or len(part) != size:
                place = tuple(int(i) for i in np.unravel_index(number, shape)) if shape else ()
                what = f"a list of {len(part)}" if isinstance(part, list) else _kind(part)
                raise RequestError(
                    f"{field(place)} is {what}, but its neighbours are lists of {size}."
                )
        shape.append(size)
        if len(shape) > DEEPEST:
            raise RequestError(f"{field(())} is a list more than {DEEPEST} deep.")
        level = list(itertools.chain.from_iterable(level))
    return tuple(shape), level


class _Unfit(Exception):
    """A value that an array cannot hold."""

    def __init__(self, place: int, what: str):
        super().__init__(what)
        self.place = place


def _as_type(values: list[Any], dtype: tf.DType) -> np.ndarray:
    """A flat array; raises _Unfit."""
    if dtype == tf.string:
        array = np.empty(len(values), object)
        array[:] = [_as_bytes(value, place) for place, value in enumerate(values)]
        return array
    if dtype == tf.bool:
        return np.array(_only(values, (bool,), "true or false"), bool)
    if dtype in INTEGERS:
        whole = _only(values, (int,), "a whole number")
        limits = np.iinfo(dtype.as_numpy_dtype)
        _within(whole, limits.min, limits.max, dtype)
        return np.array(whole, dtype.as_numpy_dtype)
    return _as_floats(_only(values, (int, float), "a number"), dtype)


def _only(values: list[Any], types: tuple[type, ...], wanted: str) -> list[Any]:
    # The exact type: True is an int to isinstance.
    if not set(map(type, values)) <= set(types):
        place = next(i for i, value in enumerate(values) if type(value) not in types)
        raise _Unfit(place, f"{_kind(values[place])}, not {wanted}")
    return values


def _as_floats(values: list[float], dtype: tf.DType) -> np.ndarray:
    """Numbers, NaN and Infinity; what is finite must stay so, and whole numbers exact."""
    if int in set(map(type, values)):
        highest = 2 ** EXACT_BITS[dtype] - 1
        whole = [value if type(value) is int else 0 for value in values]
        _within(whole, -highest, highest, dtype)
    exact = np.array(values, np.float64)
    overflown = np.isfinite(exact) & (np.abs(exact) > float(dtype.max))
    if overflown.any():
        place = int(np.flatnonzero(overflown)[0])
        raise _Unfit(place, f"{values[place]}, which a {dtype.name} cannot hold")
    return exact.astype(dtype.as_numpy_dtype)


def _within(values: list[int], lowest: int, highest: int, dtype: tf.DType) -> None:
    if values and (min(values) < lowest or max(values) > highest):
        place = next(i for i, value in enumerate(values) if not lowest <= value <= highest)
        raise _Unfit(place, f"{in_short(str(values[place]), 40)}, which {dtype.name} cannot hold")


def _as_bytes(value: Any, place: int) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise _Unfit(place, "text that is not valid Unicode") from None
    if not is_bytes(value):
        raise _Unfit(place, f'{_kind(value)}, not a string or {{"{BYTES}": ...}}')
    # Line breaks and the padding are left out by some encoders.
    text = "".join(value[BYTES].split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _Unfit(place, "not valid base64") from None


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a number")


def json_value(name: str, array: np.ndarray) -> Any:
    """What `json_text` writes of an output: numbers as they are, bytes as nested lists.

    Bytes become objects that hold base64 where the name says so, and where they are no text.
    Raises RequestError where REST has no numbers of that type.
    """
    if array.dtype == object:
        encode = _base64 if name.endswith(BYTES_SUFFIX) else _text
        return _each(array.tolist(), encode)
    if array.dtype.kind == "c":
        raise RequestError(f"The output {name!r} is {array.dtype.name}, which REST cannot carry.")
    if array.dtype.kind not in "biuf":  # bfloat16 is of no kind that NumPy knows.
        array = array.astype(np.float32)
    array = np.require(array, requirements="C")
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array[()]
    if not array.ndim:
        return _with_words(array)
    is_finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    return [
        row if finite else _with_words(row) for row, finite in zip(array, is_finite, strict=True)
    ]


def json_text(document: Any) -> bytes:
    """The document, which may hold NumPy's arrays and numbers, as JSON.

    A float32 has the fewest digits that read back as the same float32: 0.1, not
    0.10000000149011612.
    """
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _each(value: Any, encode: Callable[[bytes], Any]) -> Any:
    return [_each(part, encode) for part in value] if isinstance(value, list) else encode(value)


def _with_words(numbers: np.ndarray) -> orjson.Fragment:
    """What JSON has no number for, which else is null, is written as TF Serving does."""
    words = (NOT_FINITE[str(value)] for value in numbers[~np.isfinite(numbers)].ravel())
    return orjson.Fragment(re.sub(b"null", lambda _: next(words), json_text(numbers[()])))


def _base64(value: bytes) -> dict[str, str]:
    return {BYTES: base64.b64encode(value).decode()}


def _text(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _base64(value)
