"""The documents of TF Serving's REST API: predict requests and answers, status and metadata."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from dlapps.errors import did_you_mean, in_short
from dlapps.serving.errors import RequestError
from dlapps.serving.model import Arrays, Model, Signature
from dlapps.serving.repository import State
from dlapps.serving.tensors import is_bytes, json_text, json_value, read_array

DEFAULT_SIGNATURE = "serving_default"
ROWS, COLUMNS = "instances", "inputs"


class PredictRequest(NamedTuple):
    """What a body asks for."""

    signature: Signature
    inputs: Arrays
    by_rows: bool
    """Whether it came as `instances`, which is how its answer goes out."""


def read_predict(
    body: bytes, signatures: Mapping[str, Signature], most_values: int
) -> PredictRequest:
    """The request in a body. Raises RequestError that names the field."""
    document = _document(body)
    signature = _signature(document, signatures)
    if ROWS in document and COLUMNS in document:
        raise RequestError(f"The body has both '{ROWS}' and '{COLUMNS}'; give one of them.")
    if ROWS in document:
        inputs = _from_rows(document[ROWS], signature, most_values)
    elif COLUMNS in document:
        inputs = _from_columns(document[COLUMNS], signature, most_values)
    else:
        raise RequestError(f"The body lacks '{ROWS}' (a value a row) or '{COLUMNS}' (by input).")
    return PredictRequest(signature, inputs, ROWS in document)


def _document(body: bytes) -> dict[str, Any]:
    try:
        # NaN, Infinity and -Infinity are read, too, as TF Serving does.
        document = json.loads(body)
    except RecursionError:
        raise RequestError("The body is nested too deeply to be read.") from None
    except UnicodeDecodeError as error:
        raise RequestError(f"The body is no JSON: byte {error.start} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise RequestError(
            f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # an integer of thousands of digits
        raise RequestError("The body holds a number with too many digits.") from None
    if not isinstance(document, dict):
        raise RequestError(f"The body is no JSON object with '{ROWS}' or '{COLUMNS}'.")
    return document


def _signature(document: Mapping[str, Any], signatures: Mapping[str, Signature]) -> Signature:
    name = document.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(name, str):
        raise RequestError("'signature_name' is not a string.")
    signature = signatures.get(name or DEFAULT_SIGNATURE)
    if signature is None:
        given = "'signature_name'" if "signature_name" in document else "The default signature"
        known = did_you_mean(name, signatures)
        raise RequestError(f"{given}: the model has no signature {in_short(name)!r}{known}")
    if not signature.has_only_dense_tensors:
        raise RequestError(
            f"The signature {signature.name!r} has sparse or ragged tensors, which REST lacks."
        )
    return signature


def _from_rows(rows: Any, signature: Signature, most_values: int) -> Arrays:
    """The arrays of `instances`: a value a row of the only input, or an object of all inputs."""
    if not isinstance(rows, list):
        raise RequestError(f"'{ROWS}' is not a list.")
    if not signature.inputs:
        raise RequestError(
            f"The signature {signature.name!r} has no input; ask it with '{COLUMNS}': {{}}."
        )
    if not rows:
        raise RequestError(f"'{ROWS}' is an empty list; it takes one value or more.")
    named = _is_object(rows[0])
    for number, row in enumerate(rows):
        if _is_object(row) != named:
            raise RequestError(
                f"{ROWS}[{number}] is {'no' if named else 'an'} object of inputs by name, "
                f"but {ROWS}[0] is{'' if named else ' none'}."
            )
        if named:
            _check_names(row, signature, number)
    if not named and len(signature.inputs) > 1:
        raise RequestError(
            f"{ROWS}[0] is a plain value; the signature {signature.name!r} takes an object with "
            f"{_names(signature)}."
        )
    arrays = {}
    for name, spec in signature.inputs.items():
        column = [row[name] for row in rows] if named else rows
        suffix = f".{name}" if named else ""

        def field(place: tuple[int, ...], suffix: str = suffix) -> str:
            if not place:
                return f"'{ROWS}'{suffix}"
            return f"{ROWS}[{place[0]}]{suffix}{_at(place[1:])}"

        arrays[name] = read_array(column, spec, field, most_values)
    return arrays


def _check_names(row: Mapping[str, Any], signature: Signature, number: int) -> None:
    for name in signature.inputs:
        if name not in row:
            raise RequestError(f"{ROWS}[{number}] lacks the input {name!r}.")
    for name in row:
        if name not in signature.inputs:
            raise RequestError(
                f"{ROWS}[{number}] has {in_short(name)!r}, which is no input of the signature "
                f"{signature.name!r}{did_you_mean(name, signature.inputs)}"
            )


def _from_columns(columns: Any, signature: Signature, most_values: int) -> Arrays:
    """The arrays of `inputs`: the value of the only input, or an object of inputs by name."""
    if not _is_object(columns):
        if len(signature.inputs) != 1:
            raise RequestError(
                f"'{COLUMNS}' is a plain value; the signature {signature.name!r} takes an object "
                f"with {_names(signature)}."
            )
        [(name, spec)] = signature.inputs.items()
        return {
            name: read_array(columns, spec, lambda place: f"'{COLUMNS}'{_at(place)}", most_values)
        }
    arrays = {}
    for name, spec in signature.inputs.items():
        if name not in columns:
            raise RequestError(
                f"'{COLUMNS}' lacks the input {name!r}; the signature {signature.name!r} takes "
                f"{_names(signature)}."
            )

        def field(place: tuple[int, ...], name: str = name) -> str:
            return f"{COLUMNS}.{name}{_at(place)}"

        arrays[name] = read_array(columns[name], spec, field, most_values)
    return arrays


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and not is_bytes(value)


def _names(signature: Signature) -> str:
    return ", ".join(map(repr, signature.inputs)) or "no input"


def _at(place: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in place)


def predict_answer(outputs: Arrays, by_rows: bool) -> bytes:
    """The body of an answer; a single output goes without its name. Raises RequestError."""
    if by_rows:
        return json_text({"predictions": _by_rows(outputs)})
    values = {name: json_value(name, array) for name, array in outputs.items()}
    return json_text({"outputs": _only_value(values) if len(values) == 1 else values})


def _by_rows(outputs: Arrays) -> list[Any]:
    sizes = {name: array.shape[0] if array.ndim else None for name, array in outputs.items()}
    if None in sizes.values() or len(set(sizes.values())) > 1:
        rows = ", ".join(f"{name} {'none' if n is None else n}" for name, n in sizes.items())
        raise RequestError(
            f"The outputs do not have the same number of rows ({rows}); ask with '{COLUMNS}'."
        )
    values = {name: json_value(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        return _only_value(values)
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _only_value(values: Mapping[str, Any]) -> Any:
    return next(iter(values.values()))


def status_document(states: Mapping[int, State]) -> dict[str, Any]:
    """What `GET /v1/models/NAME` answers."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, state in states.items():
        status = response.model_version_status.add(version=version, state=state.name)
        if state.error:
            status.status.error_code = 13  # INTERNAL
            status.status.error_message = state.error
        else:
            status.status.SetInParent()
    return _as_json(response)


def metadata_document(model: Model) -> dict[str, Any]:
    """What `GET /v1/models/NAME/metadata` answers."""
    spec = model_pb2.ModelSpec(name=model.name)
    spec.version.value = model.version
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, definition in model.definitions.items():
        signatures.signature_def[name].CopyFrom(definition)
    return {"model_spec": _as_json(spec), "metadata": {"signature_def": _as_json(signatures)}}


def _as_json(message) -> dict[str, Any]:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def rows_of(arrays: Mapping[str, np.ndarray]) -> int | None:
    """The rows that all arrays have; None where they differ, or where one has none."""
    sizes = {array.shape[0] if array.ndim else None for array in arrays.values()}
    return sizes.pop() if len(sizes) == 1 else None
