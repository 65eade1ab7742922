"""A model card: what the hub reads, what people read, and nothing that a name can break."""

import re
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from dlapps.config.schema import Reference
from dlapps.data.sources.origin import Origin
from dlapps.runs.card import MOST_CLASSES, ModelCard, card_text

IMAGE = {
    "dtype": "string", "shape": [None], "kind": "image_file", "description": "an image's bytes",
}  # fmt: skip
HOSTILE = [
    "a|b", "`code`", "**bold** _it_", "<b>x</b>", "[link](http://x)", "---", "key: [value",
    "# head", "&amp;", "~~gone~~", "![i](x)", "$$x$$", "\\", "{a: b}", "- item", "1. one",
    "&copy", "'\"",
]  # fmt: skip


def signatures_of(names: list[str]) -> dict[str, Any]:
    probabilities = {
        "dtype": "float32", "shape": [None, len(names)], "kind": "class_probabilities",
        "description": "the probability of each class", "names": names,
    }  # fmt: skip
    sides = {"inputs": {"image_bytes": IMAGE}, "outputs": {"probabilities": probabilities}}
    return {"serving_default": sides}


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        name="pets",
        application="classification",
        summary="Images or points in, a class and its probabilities out.",
        network="lenet5",
        num_parameters=61706,
        signatures=signatures_of(["cat", "dog"]),
        data_name="image_folder",
        origin=Origin("the user's own files", is_divided_by_users=True),
        examples={"train": 1234, "test": 100},
        fingerprints={"train": "0a" * 32, "test": "0b" * 32},
        seed=3,
        is_finished=True,
        metrics={"test": {"accuracy": 0.875, "num_examples": 100, "per_class": {}}},
        reference=Reference(metric="accuracy", value=0.9, source="Me 1999", protocol="a | half"),
        command="dlapps classification train pets --set seed=3",
        facts={"python": "3.11", "commit": "abc", "processor": "fast"},
    )


def front_matter(text: str) -> dict[str, Any]:
    """The metadata of a card, found as the hub finds it."""
    found = re.match(r"^(\s*---[\r\n]+)([\S\s]*?)([\r\n]+---(\r\n|\n|\r|$))", text)
    assert found
    return yaml.safe_load(found[2])


def rendered(text: str) -> tuple[str, set[str]]:
    """What a reader of the card sees as text, and the names of its HTML elements."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = markdown.render(text.split("\n---\n", 1)[1])
    elements = set(re.findall(r"<(\w+)", html))
    bare = re.sub(r"<[^>]*>", "", html)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        bare = bare.replace(entity, character)
    return bare, elements


def test_the_front_matter_is_what_the_hub_reads(card):
    about = front_matter(card_text(card))
    assert about["model_name"] == "pets"
    assert about["pipeline_tag"] == "image-classification"
    assert "license" not in about
    (entry,) = about["model-index"]
    (result,) = entry["results"]
    assert entry["name"] == "pets"
    assert result["task"] == {"type": "image-classification"}
    assert result["dataset"] == {"type": "image_folder", "name": "image_folder", "split": "test"}
    assert result["metrics"] == [{"type": "accuracy", "value": 0.875, "name": "Accuracy"}]


def test_data_that_the_hub_has_are_called_as_there(card):
    origin = Origin("digits", hub_name="them/digits")
    about = front_matter(card_text(card._replace(origin=origin)))
    assert about["datasets"] == ["them/digits"]
    assert about["model-index"][0]["results"][0]["dataset"]["type"] == "them/digits"


def test_the_text_tells_the_metric_the_seed_and_what_was_published(card):
    text, _ = rendered(card_text(card))
    for wanted in (
        "One seed (3)", "0.8750", "0.9000 Accuracy, Me 1999 (a | half)", "100 examples", "0b" * 32,
        "61,706 parameters", "Licence of the data: not stated", card.command, "fast",
        "may be both in training and in test",
    ):  # fmt: skip
        assert wanted in text


def test_a_run_without_metrics_says_so(card):
    text = card_text(card._replace(metrics={}))
    assert "nothing was measured on a test split" in text
    assert "One seed" not in text
    assert {"model-index", "metrics"} & front_matter(text).keys() == set()


def test_an_unfinished_run_says_so(card):
    text = card_text(card._replace(is_finished=False, metrics={}))
    assert "had not ended" in text
    assert "nothing was measured" not in text


def test_what_is_no_number_is_not_told_to_the_hub(card):
    metrics = {"test": {"loss": float("nan"), "accuracy": 0.5}}
    about = front_matter(card_text(card._replace(metrics=metrics)))
    assert about["metrics"] == ["accuracy"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_with_markup_are_shown_as_they_are(card, name):
    names = [name, "dog"]
    _, usual = rendered(card_text(card))
    text = card_text(card._replace(signatures=signatures_of(names), name=name, data_name=name))
    assert front_matter(text)["model_name"] == name
    shown, elements = rendered(text)
    assert elements == usual
    assert f"in order: {name}, dog." in shown
    assert f"{name}: the user's own files" in shown


def test_a_name_of_several_lines_stays_on_one(card):
    text = card_text(card._replace(facts={"processor": "fast\n\n# title\n| a |"}))
    assert "# title" not in text.splitlines()
    assert rendered(text)[1] == rendered(card_text(card))[1]


def test_of_many_classes_the_first_are_listed(card):
    names = [f"class {i}" for i in range(1000)]
    text, _ = rendered(card_text(card._replace(signatures=signatures_of(names))))
    assert f"class {MOST_CLASSES - 1} and 980 more" in text
    assert f"class {MOST_CLASSES}," not in text


def test_a_command_cannot_leave_its_block(card):
    command = "dlapps classification train '```\n# title'"
    text, elements = rendered(card_text(card._replace(command=command)))
    assert "train '```\\n# title'" in text
    assert elements == rendered(card_text(card))[1]
