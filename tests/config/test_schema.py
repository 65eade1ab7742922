"""A config is strict: what it does not know it refuses, and says what it knows."""

import re

import pydantic
import pytest

from dlapps.applications import application_names, load_application
from dlapps.config.files import config_files
from dlapps.config.schema import json_schema
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config

GOOD = """
application: classification
data: {name: digits}
model: {name: mlp, widths: [8, 4]}
training: {steps: 10, learning_rate: 1e-3}
"""

EVERY_CONFIG = [
    pytest.param(application, file, id=f"{application}/{file.name}")
    for application in application_names()
    for file in config_files(application)
]


def read(text: str = GOOD, *assignments: str):
    return read_config("classification", text, "my.yaml", assignments)


def refusal(text: str = GOOD, *assignments: str) -> str:
    with pytest.raises(UsageError) as error:
        read(text, *assignments)
    return str(error.value)


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("trainin.steps=1", r"my.yaml: trainin is no setting; did you mean training\?"),
        ("training.step=1", r"my.yaml: training.step is no setting; did you mean steps\?"),
        ("data.batchsize=1", r"my.yaml: data.batchsize is no setting; did you mean batch_size\?"),
        ("data.augmentation.rotate=1", r"data.augmentation.rotate is no setting.*rotation\?"),
        ("training.optimizer.momentun=1", r"training.optimizer.momentun.*mean momentum\?"),
        ("model.width=[1]", r"my.yaml: model.width is no setting; did you mean widths\?"),
        ("model.modern=true", r"model.modern is no setting; known are name, widths, activation"),
        ("training.zebra=1", r"training.zebra is no setting; known are steps, learning_rate,"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(assignment, expected):
    assert re.search(expected, refusal(GOOD, assignment))


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("data.name=digit", r"my.yaml: data.name cannot be 'digit'; did you mean digits\?"),
        ("model.name=lenet", r"my.yaml: model.name cannot be 'lenet'; did you mean lenet5\?"),
        ("model.name=null", r"model.name cannot be None; known are perceptron, mlp, lenet5"),
        ("training.optimizer.name=adm", r"training.optimizer.name cannot be 'adm'.*mean adam\?"),
        ("training.optimizer.momentum=0.9", r"the optimizer adam has no momentum; it takes beta_1"),
        ("training.schedule.power=2", r"the schedule constant has no power; it takes warmup_steps"),
        ("training.device=tpu", r"training.device cannot be 'tpu'"),
        (
            "training.precision=bfloat16",
            r"training.precision cannot be 'bfloat16'.*mixed_bfloat16\?",
        ),
        ("data.path=somewhere", r"my.yaml: data: data.path goes with data.name image_folder"),
        ("data.name=image_folder", r"data.path is missing; .* read from --set data.path=PATH"),
    ],
)
def test_an_unknown_value_is_refused_with_the_nearest_known_one(assignment, expected):
    assert re.search(expected, refusal(GOOD, assignment))


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("training.steps=many", r"my.yaml: training.steps cannot be 'many': .*integer"),
        ("training.steps=0", r"my.yaml: training.steps cannot be 0: .*greater than 0"),
        ("training.steps_per_call=0", r"training.steps_per_call cannot be 0"),
        ("training.learning_rate=-1", r"training.learning_rate cannot be -1: .*greater than 0"),
        ("seed=-1", r"my.yaml: seed cannot be -1"),
        ("data.augmentation.shift=2", r"data.augmentation.shift cannot be 2: .*less than 1"),
        ("training=fast", r"my.yaml: training cannot be 'fast'"),
        ("model=mlp", r"my.yaml: model cannot be 'mlp'"),
        ("model.widths=wide", r"my.yaml: model.widths cannot be 'wide': .*list"),
        ("model.widths=[0]", r"my.yaml: model.widths.* cannot be 0: .*greater than 0"),
        ("model.dropout=1", r"my.yaml: model.dropout cannot be 1: .*less than 1"),
        ("model.widths=[8, x]", r"my.yaml: model.widths.* cannot be 'x': .*integer"),
    ],
)
def test_a_value_of_the_wrong_type_or_size_is_refused(assignment, expected):
    assert re.search(expected, refusal(GOOD, assignment))


@pytest.mark.parametrize("section", ["data", "model", "training"])
def test_a_missing_section_is_named(section):
    text = re.sub(f"^{section}:.*$", "", GOOD, flags=re.MULTILINE)
    assert refusal(text) == f"my.yaml: {section} is missing."


def test_a_missing_setting_is_named():
    assert refusal(GOOD.replace("steps: 10, ", "")) == "my.yaml: training.steps is missing."


def test_a_config_of_another_application_is_refused():
    other = GOOD.replace("classification", "segmentation")
    assert refusal(other) == "my.yaml is a config of segmentation, not of classification."
    nameless = GOOD.replace("application: classification", "")
    assert "application is missing" in refusal(nameless)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "my.yaml is not valid YAML"),
        ("just words", "my.yaml is not a config"),
        ("", "my.yaml is not a config"),
        ("- a\n- b", "my.yaml is not a config"),
    ],
)
def test_what_is_no_mapping_is_refused(text, expected):
    assert refusal(text).startswith(expected)


def test_numbers_in_scientific_notation_are_numbers():
    assert read().training.learning_rate == 0.001
    assert read(GOOD, "training.learning_rate=2e-3").training.learning_rate == 0.002
    assert read(GOOD, "model.dropout=5e-1").model["dropout"] == 0.5


def test_assignments_reach_every_kind_of_setting():
    changed = read(
        GOOD,
        "seed=3",
        "model.widths=[16, 16]",
        "model.batch_normalization=true",
        "data.augmentation.flip=yes",
        "training.optimizer={name: sgd, momentum: 0.9}",
        "training.schedule.name=cosine",
        "training.schedule.warmup_steps=2",
        "training.steps=20",
        "training.steps=30",
    )
    assert changed.seed == 3
    assert changed.model_options["widths"] == [16, 16]
    assert changed.model_options["batch_normalization"] is True
    assert changed.data.augmentation.flip is True
    assert changed.training.optimizer.momentum == 0.9
    assert changed.training.schedule.name == "cosine"
    assert changed.training.schedule.warmup_steps == 2
    assert changed.training.steps == 30, "the last word counts"
    assert changed.training.learning_rate == 0.001, "the rest of the section stays"


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("training.steps", "--set training.steps is not of the form KEY=VALUE."),
        ("=3", "--set =3 is not of the form KEY=VALUE."),
        ("seed.x=3", "--set seed.x: seed is a single value, not a section."),
        ("model.widths=[1", "--set model.widths: '[1' is not a YAML value."),
    ],
)
def test_a_malformed_assignment_is_refused(assignment, expected):
    assert refusal(GOOD + "seed: 0\n", assignment) == expected


@pytest.mark.parametrize(("application", "file"), EVERY_CONFIG)
def test_every_config_is_valid_and_survives_being_written_out(application, file):
    text = file.path.read_text(encoding="utf-8")
    config = read_config(application, text, file.name)
    assert read_config(application, config.to_yaml(), "again") == config
    assert file.summary.endswith(".")


def test_the_written_config_has_every_default():
    text = read().to_yaml()
    for setting in ("activation: relu", "checkpoint_every: 500", "rotation: 0.0", "seed: 0"):
        assert setting in text


def test_a_config_cannot_be_changed():
    config = read()
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.training.steps = 1


@pytest.mark.parametrize("name", application_names())
def test_the_schema_describes_every_setting_and_every_model(name):
    application = load_application(name)
    schema = json_schema(name, application.config_class, application.models)
    assert set(schema["properties"]) == set(application.config_class.model_fields)
    described = {
        branch["properties"]["name"]["const"]: branch
        for branch in schema["properties"]["model"]["oneOf"]
    }
    assert described.keys() == application.models.keys()


def test_the_schema_gives_the_options_of_a_model_from_its_builder():
    application = load_application("classification")
    schema = json_schema("classification", application.config_class, application.models)
    (mlp,) = (b for b in schema["properties"]["model"]["oneOf"] if b["title"] == "mlp")
    assert mlp["properties"]["widths"]["items"] == {"type": "integer", "exclusiveMinimum": 0}
    assert mlp["properties"]["activation"]["default"] == "relu"
    assert mlp["additionalProperties"] is False
    steps = schema["$defs"]["TrainingSettings"]["properties"]["steps"]
    assert steps["description"] == "Batches to learn from."
