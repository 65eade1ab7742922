"""Whatever a body holds, it is answered or refused, and the server goes on."""

import json

import hypothesis
import pytest
from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-300, 300)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.fixed_dictionaries({"b64": st.text("QUJD=+/ \n?", max_size=8)})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["x", "tag", "signal", "sensor", "image_bytes", "b64"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "instances": VALUES,
        "inputs": VALUES,
        "signature_name": st.sampled_from(
            ["serving_default", "with_scalar", "constant", "padded", "float32", "string", "int8"]
        )
        | SCALARS,
        "other": VALUES,
    },
)
MODELS = ("half_plus_three", "sensors", "images", "types")


@pytest.fixture
def post(client):
    def post(model, body):
        response = client.post(f"/v1/models/{model}:predict", content=body)
        assert response.status_code == 200 or 400 <= response.status_code < 500, response.text
        if response.status_code != 200:
            assert response.json()["error"]

    return post


@pytest.mark.parametrize("model", MODELS)
@hypothesis.given(DOCUMENTS)
@hypothesis.settings(max_examples=250)
def test_generated_documents_are_never_the_servers_fault(post, model, document):
    post(model, json.dumps(document))


@hypothesis.given(st.sampled_from(MODELS), st.binary(max_size=200))
def test_generated_bytes_are_never_the_servers_fault(post, model, body):
    post(model, body)


@hypothesis.given(st.text(max_size=60), st.sampled_from(["GET", "POST", "HEAD", "DELETE"]))
def test_generated_addresses_are_never_the_servers_fault(client, address, method):
    hypothesis.assume(not set(address) & set("?#") and address.isprintable())
    response = client.request(method, f"/v1/models/{address}", content="{}")
    assert 400 <= response.status_code < 500 or address in MODELS
