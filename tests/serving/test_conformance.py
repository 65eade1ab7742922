"""The REST API as TF Serving's published description states it: addresses, formats, errors."""

import base64
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from dlapps.serving.app import create_app

ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def b64(contents):
    return {"b64": base64.b64encode(contents).decode()}


def test_status_of_a_model(client):
    """The newest version answers; what lies below it was never loaded."""
    response = client.get("/v1/models/half_plus_three")
    assert response.status_code == 200
    assert response.json() == {
        "model_version_status": [
            {
                "version": "123",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_status_of_a_version_is_the_published_message(client):
    response = client.get("/v1/models/sensors/versions/7")
    message = json_format.ParseDict(response.json(), get_model_status_pb2.GetModelStatusResponse())
    assert [each.version for each in message.model_version_status] == [7]
    available = get_model_status_pb2.ModelVersionStatus.State.AVAILABLE
    assert message.model_version_status[0].state == available


def test_metadata_is_the_signatures_of_the_saved_model(client):
    document = client.get("/v1/models/half_plus_three/metadata").json()
    assert document["model_spec"] == {
        "name": "half_plus_three",
        "signature_name": "",
        "version": "123",
    }
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    x = signatures["serving_default"]["inputs"]["x"]
    assert x["dtype"] == "DT_FLOAT"
    assert x["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}],
        "unknown_rank": False,
    }
    assert x["name"] == "serving_default_x:0"
    json_format.ParseDict(
        document["metadata"]["signature_def"], get_model_metadata_pb2.SignatureDefMap()
    )
    by_version = client.get("/v1/models/half_plus_three/versions/123/metadata")
    assert by_version.json() == document


@pytest.mark.parametrize("address", ["half_plus_three", "half_plus_three/versions/123"])
def test_rows_of_the_only_input(predict, address):
    assert predict(address, instances=[1.0, 2.0, 5.0]) == (200, {"predictions": [3.5, 4.0, 5.5]})


def test_rows_may_name_the_only_input(predict):
    document = {"instances": [{"x": 1.0}, {"x": 2.0}]}
    assert predict("half_plus_three", **document) == (200, {"predictions": [3.5, 4.0]})


def test_a_column_of_the_only_input(predict):
    assert predict("half_plus_three", inputs=[1.0, 5.0]) == (200, {"outputs": [3.5, 5.5]})
    assert predict("half_plus_three", inputs={"x": [1.0]}) == (200, {"outputs": [3.5]})
    assert predict("half_plus_three", inputs=[]) == (200, {"outputs": []})


def test_several_inputs_and_outputs_by_rows(predict):
    status, answer = predict("sensors", instances=ROWS)
    assert status == 200
    assert answer == {
        "predictions": [{"total": 25.0, "shout": "FOO"}, {"total": 38.0, "shout": "BAR"}]
    }


def test_several_inputs_and_outputs_by_columns(predict):
    answer = predict("sensors", inputs=COLUMNS)
    assert answer == (200, {"outputs": {"total": [25.0, 38.0], "shout": ["FOO", "BAR"]}})


def test_a_signature_is_asked_by_its_name(predict):
    name = {"signature_name": "with_scalar"}
    answer = predict("sensors", **name, inputs=[1.0, 3.0])
    assert answer == (200, {"outputs": {"mean": 2.0, "doubled": [2.0, 6.0]}})
    status, answer = predict("sensors", **name, instances=[1.0, 3.0])
    assert status == 400, "a scalar is no row"
    assert "mean" in answer["error"]
    assert predict("half_plus_three", signature_name="", instances=[1.0])[0] == 200


def test_a_signature_without_inputs_is_asked_by_columns(predict):
    name = {"signature_name": "constant"}
    assert predict("sensors", **name, inputs={}) == (200, {"outputs": [42]})
    assert predict("sensors", **name, instances=[{}])[0] == 400


def test_bytes_travel_as_base64_both_ways(predict, png):
    """An output whose name ends in _bytes is binary, by the description."""
    white, black = png([[255, 255]]), png([[0]])
    status, answer = predict("images", instances=[b64(white)])
    assert status == 200
    assert answer["predictions"] == [{"brightness": 255.0, "copy_bytes": b64(white)}]
    status, answer = predict("images", inputs={"image_bytes": [b64(black), b64(white)]})
    assert answer["outputs"] == {
        "brightness": [0.0, 255.0],
        "copy_bytes": [b64(black), b64(white)],
    }


CASES = [
    ("bool", [True, False], [True, False]),
    ("int8", [-128, 127], [-128, 127]),
    ("uint8", [0, 255], [0, 255]),
    ("int16", [-32768], [-32768]),
    ("int32", [[-(2**31)], [2**31 - 1]], [[-(2**31)], [2**31 - 1]]),
    ("int64", [-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1]),
    ("uint32", [2**32 - 1], [2**32 - 1]),
    ("uint64", [2**64 - 1], [2**64 - 1]),
    ("float16", [0.5, 1], [0.5, 1.0]),
    ("bfloat16", [-2.5], [-2.5]),
    ("float32", [0.1, 1e-7, 16777215], [0.1, 1e-7, 16777215.0]),
    ("float64", [0.1, 2**53 - 1], [0.1, 2**53 - 1.0]),
    ("string", ["Äpfel", {"b64": "QQ=="}, {"b64": "QQ"}], ["Äpfel", "A", "A"]),
    ("string", "alone", "alone"),
]


@pytest.mark.parametrize(("name", "value", "answered"), CASES)
def test_every_type_comes_back_as_it_went(predict, name, value, answered):
    answer = predict("types", signature_name=name, inputs=value)
    assert repr(answer) == repr((200, {"outputs": answered})), "1, 1.0 and true differ"


def test_every_type_is_among_those_tried(opened):
    assert set(opened.find("types").signatures) == {name for name, _, _ in CASES}


def test_numbers_that_json_has_no_word_for(client):
    body = '{"signature_name": "float32", "instances": [NaN, Infinity, -Infinity, 1.5]}'
    response = client.post("/v1/models/types:predict", content=body)
    numbers = json.loads(response.content)["predictions"]
    assert math.isnan(numbers[0])
    assert numbers[1:] == [math.inf, -math.inf, 1.5]


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_rows_without_such_numbers_are_written_as_ever(client, name):
    rows = "[[0.5,1.0],[NaN,-Infinity],[Infinity,0.5],[]]"
    for inputs in (rows.removesuffix(",[]]") + "]", "[0.5,NaN]", "NaN", "[[],[]]"):
        body = f'{{"signature_name": "{name}", "inputs": {inputs}}}'
        response = client.post("/v1/models/types:predict", content=body)
        assert response.text == f'{{"outputs":{inputs}}}'


def test_text_that_is_none_comes_back_as_bytes(predict):
    value = b64(b"\xff\x00")
    assert predict("types", signature_name="string", inputs=[value])[1] == {"outputs": [value]}


def test_the_official_request_asks_the_same(predict, opened):
    """The message of `tensorflow-serving-api`, put into JSON, and its answer put back."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "sensors"
    for name, spec in opened.find("sensors").signatures["serving_default"].inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(COLUMNS[name], spec.dtype))
    arrays = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
    columns = {
        name: [text.decode() for text in array] if array.dtype == object else array.tolist()
        for name, array in arrays.items()
    }
    status, answer = predict(request.model_spec.name, inputs=columns)
    assert status == 200
    response = predict_pb2.PredictResponse()
    for name, values in answer["outputs"].items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
    direct = opened.find("sensors").signatures["serving_default"](arrays)
    assert set(response.outputs) == set(direct)
    for name, array in direct.items():
        np.testing.assert_array_equal(tf.make_ndarray(response.outputs[name]), array)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/models/half", 404),
        ("GET", "/v1/models/half/metadata", 404),
        ("GET", "/v1/models/half_plus_three/versions/5", 404),
        ("GET", "/v1/models/half_plus_three/versions/99/metadata", 404),
        ("GET", "/v1/models/half_plus_three/versions/x", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/v1/models/half_plus_three:predict", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/v1/models/half:predict", 404),
        ("POST", "/v1/models/half_plus_three/versions/5:predict", 404),
        ("POST", "/v1/models/half_plus_three:classify", 404),
        ("POST", "/v1/models/half_plus_three", 404),
        ("PUT", "/v1/models/half_plus_three", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_an_address_that_is_none_is_a_json_error(client, method, address, status):
    response = client.request(method, address, content='{"instances": [1.0]}')
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "no JSON"),
        ("{", "line 1, column 2"),
        (b'{"instances": ["\xff"]}', "not UTF-8"),
        ("[1.0]", "no JSON object"),
        ("[" * 100_000, "deeply"),
        ('{"inputs": ' + "9" * 5_000 + "}", "too many digits"),
        ("{}", "'instances'"),
        ('{"instances": [1.0], "inputs": [1.0]}', "both"),
        ('{"instances": 1.0}', "'instances' is not a list"),
        ('{"instances": []}', "empty"),
        ('{"instances": [1.0, "a"]}', "instances[1] is a string, not a number"),
        ('{"instances": [1.0, true]}', "instances[1] is true or false"),
        ('{"instances": [null]}', "instances[0] is null"),
        ('{"instances": [1.0, [2.0]]}', "instances[1] is a list"),
        ('{"instances": [[1.0], [2.0, 3.0]]}', "instances[1] is a list of 2"),
        ('{"instances": [[1.0], 2.0]}', "instances[1] is a number, but"),
        ('{"instances": [[1.0]]}', "shape [1, 1], but the model takes float32 [?]"),
        ('{"instances": [1e39]}', "instances[0] is 1e+39, which a float32 cannot hold"),
        ('{"instances": [16777217]}', "instances[0] is 16777217, which float32 cannot hold"),
        ('{"instances": [{"x": 1.0}, 2.0]}', "instances[1] is no object"),
        ('{"instances": [1.0, {"x": 2.0}]}', "instances[1] is an object"),
        ('{"instances": [{"z": 1.0}]}', "instances[0] lacks the input 'x'"),
        ('{"instances": [{"x": 1.0, "z": 1.0}]}', "instances[0] has 'z'"),
        ('{"instances": [{"x": [1.0, "a"]}]}', "instances[0].x[1]"),
        ('{"instances": [{"b64": "QQ=="}]}', "instances[0] is an object"),
        ('{"inputs": {"z": [1.0]}}', "'inputs' lacks the input 'x'"),
        ('{"inputs": {"x": [1.0, {}]}}', "inputs.x[1] is an object"),
        ('{"inputs": 1.0}', "'inputs' has the shape []"),
        ('{"signature_name": 3, "instances": [1.0]}', "'signature_name' is not a string"),
        ('{"signature_name": "other", "instances": [1.0]}', "signature 'other'; known are"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(client, body, named):
    response = client.post("/v1/models/half_plus_three:predict", content=body)
    assert response.status_code == 400
    assert named in response.json()["error"]


@pytest.mark.parametrize(
    ("address", "document", "named"),
    [
        ("sensors", {"instances": [1.0]}, "instances[0] is a plain value"),
        ("sensors", {"inputs": [1.0]}, "'sensor', 'signal', 'tag'"),
        ("images", {"instances": [{"b64": "???"}]}, "instances[0] is not valid base64"),
        ("images", {"instances": [3]}, 'instances[0] is a number, not a string or {"b64": ...}'),
        ("images", {"instances": [{"b64": 3}]}, "lacks the input 'image_bytes'"),
        ("images", {"instances": ["no image"]}, "The model cannot answer"),
        ("types", {"signature_name": "uint8", "inputs": [256]}, "inputs'[0] is 256"),
        ("types", {"signature_name": "int32", "inputs": [1.0]}, "not a whole number"),
        ("types", {"signature_name": "string", "inputs": ["\ud800"]}, "not valid Unicode"),
    ],
)
def test_what_is_wrong_with_an_input_is_named(predict, address, document, named):
    status, answer = predict(address, **document)
    assert status == 400
    assert named in answer["error"]


def test_a_body_and_an_array_have_their_limits(client, predict):
    response = client.post("/v1/models/half_plus_three:predict", content=b" " * 200_001)
    assert response.status_code == 413
    # Without a length, as a client that streams sends it.
    response = client.post("/v1/models/half_plus_three:predict", content=iter([b" " * 9_999] * 30))
    assert response.status_code == 413
    status, answer = predict("half_plus_three", instances=[0] * 5_001)
    assert status == 413
    assert "'instances' holds 5001 values" in answer["error"]


def test_health_names_what_is_served(client):
    document = client.get("/healthz").json()
    assert document["status"] == "ok"
    assert document["models"] == {
        "half_plus_three": 123,
        "images": 1,
        "sensors": 7,
        "types": 1,
    }


def test_metrics_count_requests_by_model_and_status(client, predict):
    def count(status):
        line = f'dlapps_requests_total{{model="sensors",status="{status}"}} '
        page = client.get("/metrics").text
        return sum(int(each[len(line) :]) for each in page.splitlines() if each.startswith(line))

    before = count(200), count(400)
    assert predict("sensors", instances=ROWS)[0] == 200
    assert predict("sensors", instances=[1])[0] == 400
    assert (count(200), count(400)) == (before[0] + 1, before[1] + 1)
    page = client.get("/metrics").text
    assert 'dlapps_model_version{model="half_plus_three"} 123' in page
    assert 'dlapps_request_seconds_bucket{model="sensors",le="+Inf"}' in page


def test_pages_may_be_added(opened):
    page = Route("/", lambda request: PlainTextResponse("a page"))
    client = TestClient(create_app(opened, routes=[page]))
    assert client.get("/").text == "a page"
    assert client.get("/v1/models/sensors").status_code == 200
