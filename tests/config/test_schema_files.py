"""Editors check a config against its application's schema, which says what the config may say."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from dlapps.applications import application_names

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(ROOT.glob("configs/*/*.yaml"))


class Yaml12Loader(yaml.SafeLoader):
    """Reads 2e-3 as a number, as editors do and pydantic does; PyYAML reads it as text."""


Yaml12Loader.yaml_implicit_resolvers = copy.deepcopy(yaml.SafeLoader.yaml_implicit_resolvers)
Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+$"), list("-+0123456789.")
)


def refusals(file: Path, text: str) -> list[str]:
    """What the schema that `file` names in its first line has against a config of this text."""
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)\n", file.open().readline())
    schema = json.loads((file.parent / named[1]).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(yaml.load(text, Yaml12Loader))]


@pytest.mark.parametrize("application", application_names())
def test_the_schema_that_is_kept_is_that_of_today(application, dlapps):
    kept = (ROOT / "schemas" / f"{application}.json").read_text()
    assert kept == dlapps("config", "schema", application).stdout, "`make schemas` writes it anew"


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_config_names_its_schema_and_agrees_with_it(file):
    assert f"/schemas/{file.parent.name}.json\n" in file.open().readline()
    assert refusals(file, file.read_text()) == []


@pytest.mark.parametrize("section", ["optimizer: sgd", "schedule: cosine"])
def test_a_word_for_a_section_that_has_a_name_is_no_slip(section):
    file = ROOT / "configs/classification/xor_mlp.yaml"
    config = yaml.load(file.read_text(), Yaml12Loader)
    word = yaml.safe_load(section)
    config |= {"model": "mlp", "data": "xor", "training": {**config["training"], **word}}
    text = yaml.safe_dump(config)
    assert refusals(file, text) == []
    assert refusals(file, text.replace("model: mlp", "model: mlq")) != []
    assert refusals(file, text.replace(section, f"{section}x")) != []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("steps: 500", "step: 500"),
        ("name: blobs", "name: blob"),
        ("name: perceptron", "name: perceptron, widths: [3]"),
        ("name: perceptron", "averaged: true"),
        ("application: classification", "application: speech"),
        ("learning_rate: 0.1", "learning_rate: -0.1"),
    ],
)
def test_a_slip_is_seen_in_the_editor(before, after):
    file = ROOT / "configs/classification/blobs_perceptron.yaml"
    text = file.read_text().replace("model:\n  name: perceptron", "model: {name: perceptron}")
    assert before in text
    assert refusals(file, text) == []
    assert refusals(file, text.replace(before, after)) != []
