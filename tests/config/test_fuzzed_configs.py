"""Whatever is written in a config or after --set, the answer is a config or one short sentence."""

import string

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlapps.applications import application_names, load_application
from dlapps.config.files import config_files
from dlapps.errors import UsageError
from dlapps.runs.directory import read_config

LONGEST_MESSAGE = 2000

TEXTS = {
    name: file.path.read_text(encoding="utf-8")
    for name in application_names()
    for file in config_files(name)[:1]
}
SETTINGS = sorted(
    {
        f"{section}.{name}" if name else section
        for application in application_names()
        for section, field in load_application(application).config_class.model_fields.items()
        for name in ("", "name", *getattr(field.annotation, "model_fields", {}))
    }
)
NUMBERS = st.integers() | st.floats() | st.integers(60, 20_000).map(lambda n: 1 << n)
SCALARS = NUMBERS | st.none() | st.booleans() | st.text(max_size=20) | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=4),
    max_leaves=8,
)
YAML_MARKS = st.text(string.printable + "é\0", max_size=60) | st.lists(
    st.sampled_from(
        ["a", ": ", "\n", "  ", "- ", "&a ", "*a", "<<", "!!int ", "!!float ", "!!timestamp ",
         "!!binary ", "!!omap ", "!!set ", "[", "]", "{", "}", ", ", "'", '"', "\\ud800", "|", ">",
         "? ", "#", "---\n", "%", "1", "0x", ".inf", "1:2", "2001-99-99"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def read(application: str, text: str, *assignments: str) -> None:
    """Reads a config, and writes it out again if it is one."""
    try:
        config = read_config(application, text, "my.yaml", assignments)
    except UsageError as error:
        message = str(error).encode()
    else:
        message = b""
        assert read_config(application, config.to_yaml(), "again") == config
    assert len(message) < LONGEST_MESSAGE


APPLICATIONS = st.sampled_from(sorted(TEXTS))


@given(APPLICATIONS, YAML_MARKS)
@example("games", "application: !!int ''")
def test_any_text(application, text):
    read(application, text)


@settings(max_examples=40)
@given(APPLICATIONS, YAML_MARKS, st.integers(0, 2000))
def test_a_config_with_any_text_inside(application, text, place):
    whole = TEXTS[application]
    read(application, whole[:place] + text + whole[place:])


@given(APPLICATIONS, st.sampled_from(SETTINGS), YAML_MARKS)
def test_any_text_after_set(application, setting, text):
    read(application, TEXTS[application], f"{setting}={text}")


@given(APPLICATIONS, st.sampled_from(SETTINGS), VALUES)
def test_any_value_of_any_setting(application, setting, value):
    try:
        text = yaml.safe_dump(value, default_flow_style=True)
    except ValueError:  # Python itself does not write an integer of so many digits.
        text = "0x" + "f" * 5000
    read(application, TEXTS[application], f"{setting}={text.removesuffix('...' + chr(10))}")
