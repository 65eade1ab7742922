"""Joined requests through the server: each is answered as it would be alone."""

import base64
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


@pytest.fixture
def rows_per_call(client):
    """The rows and the calls so far of a signature of `images`."""

    def counted(signature):
        name = f'{{model="images",signature="{signature}"}}'
        lines = client.get("/metrics").text.splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines)
        samples = (f"dlapps_call_rows_sum{name}", f"dlapps_call_rows_count{name}")
        return np.array([float(values.get(each, 0)) for each in samples])

    return counted


def ask_together(predict, values, **document):
    """The answers to one request a value, asked by as many clients."""

    def ask(value):
        return predict("images", instances=[{"b64": base64.b64encode(value).decode()}], **document)

    with ThreadPoolExecutor(len(values)) as clients:
        return list(clients.map(ask, values))


def test_one_bad_image_fails_only_its_own_request(predict, png, rows_per_call):
    images = [png([[shade]]) for shade in range(32)]
    images[9] = images[9][:40]  # cut off
    before = rows_per_call("serving_default")
    answers = ask_together(predict, images)
    rows, calls = rows_per_call("serving_default") - before
    assert rows == 32
    assert calls < 32, "no two requests were joined"
    status, document = answers.pop(9)
    assert status == 400
    assert "The model cannot answer" in document["error"]
    for shade, (status, document) in zip([*range(9), *range(10, 32)], answers, strict=True):
        assert status == 200
        assert document["predictions"][0]["brightness"] == shade


def test_an_answer_does_not_hang_on_who_else_asks(predict, rows_per_call):
    """The signature pads its rows to the longest of a call, so its requests are not joined."""
    before = rows_per_call("padded")
    answers = ask_together(predict, [b"a" * size for size in range(1, 17)], signature_name="padded")
    assert (rows_per_call("padded") - before).tolist() == [16, 16]
    assert answers == [(200, {"predictions": [[True] * size]}) for size in range(1, 17)]
