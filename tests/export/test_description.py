"""What model.json says of the tensors is what the SavedModel says of them."""

import json

import pytest
import tensorflow as tf

from dlapps.export.description import class_names, describe_signatures, model_description
from dlapps.export.kinds import Kind
from dlapps.export.saved_model import write_saved_model


def test_documents_see_the_signatures_and_lie_in_the_version(answers, tmp_path):
    def documents(signatures):
        return {"model.json": json.dumps(model_description("tiny", "colours", signatures))}

    exported = write_saved_model(tmp_path / "tiny", answers, documents=documents)
    description = json.loads((exported / "model.json").read_text())
    assert (description["name"], description["application"]) == ("tiny", "colours")
    loaded = tf.saved_model.load(str(exported)).signatures
    assert description["signatures"].keys() == loaded.keys()
    for name, signature in loaded.items():
        sides = description["signatures"][name]
        assert types_and_shapes(sides["inputs"]) == specs(signature.structured_input_signature[1])
        assert types_and_shapes(sides["outputs"]) == specs(signature.structured_outputs)


def types_and_shapes(tensors):
    return {name: (each["dtype"], each["shape"]) for name, each in tensors.items()}


def specs(tensors):
    return {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in tensors.items()}


def test_a_document_that_fails_leaves_nothing(one_number, tmp_path):
    def documents(signatures):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_saved_model(tmp_path / "model", {"serving_default": one_number}, documents=documents)
    assert list(tmp_path.iterdir()) == []


def test_what_no_encoding_knows_is_written_nevertheless(one_number, tmp_path):
    exported = write_saved_model(
        tmp_path, {"serving_default": one_number}, documents=lambda _: {"a.md": "folder \udc80"}
    )
    assert (exported / "a.md").read_text() == "folder \\udc80"


def test_a_tensor_has_its_kind_and_facts_or_is_numbers(one_number):
    kind = Kind("point", "a place", {"names": ["x"]})
    answer = one_number._replace(input_kinds={"number": kind})
    described = describe_signatures({"a": answer}, {"a": answer.traced()})["a"]
    assert described["inputs"]["number"] == {
        "dtype": "float32", "shape": [None], "kind": "point", "description": "a place",
        "names": ["x"],
    }  # fmt: skip
    assert described["outputs"]["double"]["kind"] == "numbers"


def test_a_string_without_a_kind_is_text(answers):
    functions = {name: answer.traced() for name, answer in answers.items()}
    described = describe_signatures(answers, functions)
    assert described["serving_default"]["inputs"]["image_bytes"]["kind"] == "text"
    assert class_names(described) is None
