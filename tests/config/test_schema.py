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
        ("trainin.steps=1", r"trainin.steps=1: trainin is no setting; did you mean training\?"),
        ("steps=1", r"^--set steps=1: steps is no setting; did you mean training.steps\?"),
        ("training.step=1", r"^--set training.step=1: training.step is no setting; .* steps\?"),
        ("data.batchsize=1", r"data.batchsize is no setting; did you mean batch_size\?"),
        ("data.augmentation.rotate=1", r"data.augmentation.rotate is no setting.*rotation\?"),
        ("training.optimizer.momentun=1", r"training.optimizer.momentun.*mean momentum\?"),
        ("model.width=[1]", r"model.width is no setting; did you mean widths\?"),
        ("model.modern=true", r"model.modern is no setting; known are name, widths, activation"),
        ("training.zebra=1", r"training.zebra is no setting; known are steps, learning_rate,"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(assignment, expected):
    assert re.search(expected, refusal(GOOD, assignment))


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("data.name=digit", r"^--set data.name=digit: data.name cannot be 'digit'.* digits\?"),
        ("model.name=lenet", r"^--set model.name=lenet: model.name cannot be .* mean lenet5\?"),
        ("model.name=null", r"model.name cannot be None; known are perceptron, mlp, lenet5"),
        ("training.optimizer.name=adm", r"training.optimizer.name cannot be 'adm'.*mean adam\?"),
        (
            "training.optimizer.momentum=0.9",
            r"the optimizer adam has no momentum; it takes amsgrad",
        ),
        ("model.activation=rely", r"model.activation cannot be 'rely'.*mean relu\?"),
        ("training.schedule.power=2", r"the schedule constant has no power; it takes warmup_steps"),
        ("training.device=tpu", r"training.device cannot be 'tpu'"),
        (
            "training.precision=bfloat16",
            r"training.precision cannot be 'bfloat16'.*mixed_bfloat16\?",
        ),
        ("data.path=" + "x" * 5000, r"data.path cannot be .*no file system takes so long a name"),
        ('data.path="\\0"', r"data.path cannot be .*null"),
        ("data.path=x", r"^my.yaml with --set data.path=x: data: data.path goes with"),
        ("data.name=image_folder", r"data.path is missing; .* read from --set data.path=PATH"),
    ],
)
def test_an_unknown_value_is_refused_with_the_nearest_known_one(assignment, expected):
    assert re.search(expected, refusal(GOOD, assignment))


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("training.steps=many", r"training.steps cannot be 'many': .*integer"),
        ("training.steps=0", r"training.steps cannot be 0: .*greater than 0"),
        ("training.steps_per_call=0", r"training.steps_per_call cannot be 0"),
        ("training.learning_rate=-1", r"training.learning_rate cannot be -1: .*greater than 0"),
        ("seed=-1", r"seed cannot be -1"),
        ("data.augmentation.shift=2", r"data.augmentation.shift cannot be 2: .*less than 1"),
        ("training=fast", r"training cannot be 'fast'"),
        ("model=[mlp]", r"model cannot be \['mlp'\]"),
        ("model.widths=wide", r"model.widths cannot be 'wide': .*list"),
        ("model.widths=[0]", r"model.widths.* cannot be 0: .*greater than 0"),
        ("model.dropout=1", r"model.dropout cannot be 1: .*less than 1"),
        ("seed=4294967296", r"seed cannot be 4294967296: .*less than 4294967296"),
        ("training.steps=9223372036854775808", r"training.steps cannot be .*fit in 64 bits"),
        ("model.widths=[9223372036854775808]", r"model.widths cannot be .*fit in 64 bits"),
        ("training.learning_rate=.inf", r"learning_rate cannot be inf: .*finite number"),
        ("training.learning_rate=1e999", r"learning_rate cannot be '1e999': .*finite number"),
        ("training.learning_rate=.nan", r"learning_rate cannot be nan: .*finite number"),
        ("model.dropout=.nan", r"model.dropout cannot be nan: .*finite number"),
        ("data.batch_size=1048577", r"data.batch_size cannot be 1048577: .*equal to 1048576"),
        ("evaluation.batch_size=1048577", r"evaluation.batch_size cannot be 1048577"),
        ("data.path=~nobody-of-this-name/x", r"data.path cannot be .*no such home directory"),
        ('data.path="a\\0b"', r"data.path cannot be .*null character"),
        ("training.steps=2001-99-99", r"training.steps cannot be '2001-99-99': .*integer"),
        ("training.steps=!!bool x", r"training.steps cannot be 'x': .*integer"),
        ("model.widths=[8, x]", r"model.widths.* cannot be 'x': .*integer"),
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
        ("seed.x=3", "--set seed.x=3: seed is a value, not a section."),
        ("model.widths=[1", "--set model.widths=[1: the value is not YAML."),
    ],
)
def test_a_malformed_assignment_is_refused(assignment, expected):
    assert refusal(GOOD + "seed: 0\n", assignment) == expected


@pytest.mark.parametrize(
    ("assignments", "blamed"),
    [
        (("seed=1", "training.steps=0"), "--set training.steps=0: training.steps cannot be 0"),
        (("training.optimizer={name: adm}",), "--set training.optimizer={name: adm}: training.opt"),
        (("data={name: digits, path: x}",), "--set data={name: digits, path: x}: data: data.path"),
        (("data.batch_size=4", "data.path=x"), "my.yaml with --set data.batch_size=4 --set data.p"),
        (("training.steps=0", "training.steps=5", "seed=x"), "--set seed=x: seed cannot be 'x'"),
        (("model.widths=" + "9" * 999 + "x",), "--set model.widths=999999999"),
    ],
)
def test_what_gave_a_refused_setting_is_named(assignments, blamed):
    assert refusal(GOOD, *assignments).startswith(blamed)
    assert len(refusal(GOOD, *assignments).partition(": ")[0]) < 200


def test_a_refused_setting_of_the_file_is_not_laid_on_assignments():
    broken = GOOD.replace("steps: 10", "steps: 0")
    assert refusal(broken, "seed=1").startswith("my.yaml: training.steps cannot be 0")


def test_a_word_for_a_section_that_has_a_name_is_its_name():
    text = GOOD + "seed: 3\n"
    chosen = read(text, "training.optimizer=sgd", "training.schedule=cosine", "data=rings")
    assert chosen == read(
        text,
        "training.optimizer.name=sgd",
        "training.schedule.name=cosine",
        "data.name=rings",
    )
    assert read(text, "model=mlp") == read(text), "the other options stay"
    assert read(text, "model={}", "model=perceptron").model["name"] == "perceptron"
    written = text.replace("training: {", "training: {optimizer: sgd, ")
    assert read(written) == read(text, "training.optimizer.name=sgd")
    written = text.replace("{name: mlp, widths: [8, 4]}", "perceptron")
    assert read(written) == read(text, "model={name: perceptron}")
    wrong = refusal(text, "training.optimizer=sdg")
    assert wrong.startswith("--set training.optimizer=sdg: training.optimizer.name cannot be 'sdg'")
    assert "did you mean sgd?" in wrong


@pytest.mark.parametrize(
    ("assignments", "doubt"),
    [
        (("training.schedule.warmup_steps=9",), None),
        (("training.schedule.warmup_steps=10",), "warmup_steps 10 is as long as the run, or "),
        (("training.schedule.warmup_steps=5", "training.accumulation_steps=2"), "has 5 updates"),
        (("training.accumulation_steps=11",), "accumulation_steps 11 is more than training.steps"),
    ],
)
def test_a_schedule_that_was_hardly_meant_is_doubted(assignments, doubt):
    said = read(GOOD, *assignments).training.doubts()
    assert len(said) == (doubt is not None)
    assert all(doubt in sentence for sentence in said)


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
    *described, alone = schema["properties"]["model"]["oneOf"]
    names = [branch["properties"]["name"]["const"] for branch in described]
    assert names == alone["enum"] == list(application.models)


def test_the_schema_gives_the_options_of_a_model_from_its_builder():
    application = load_application("classification")
    schema = json_schema("classification", application.config_class, application.models)
    (mlp,) = (b for b in schema["properties"]["model"]["oneOf"] if b.get("title") == "mlp")
    assert mlp["properties"]["widths"]["items"] == {"type": "integer", "exclusiveMinimum": 0}
    assert mlp["properties"]["activation"]["default"] == "relu"
    assert mlp["additionalProperties"] is False
    steps = schema["$defs"]["TrainingSettings"]["properties"]["steps"]
    assert steps["description"] == "Batches to learn from."
