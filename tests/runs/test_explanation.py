"""A person chooses how an input is explained, what for and where; what cannot be is refused."""

from pathlib import Path

import pytest


def test_a_method_draws_what_it_says_and_nothing_beside(dlapps, xor_run):
    answer = dlapps(
        "classification", "explain", xor_run, "1,2", "--method", "saliency", "--target", "class 1",
        "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    assert [Path(file).name for file in answer.document["files"]] == ["1,2_saliency_class-1.png"]


def test_all_that_suit_make_one_sheet(dlapps, xor_run):
    answer = dlapps("classification", "explain", xor_run, "1,2", "--method", "all", "--json")
    assert answer.exit_code == 0, answer.stderr
    assert [Path(file).name for file in answer.document["files"]] == ["1,2_all.png"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--method", "grad_kam"), "did you mean grad_cam?"),
        (("--method", "grad_cam"), "weighs the maps of a layer, and classification with mlp has"),
        (("--target", "class 7"), "no target 'class 7'; did you mean class"),
        (("--layer", "dense1"), "gradient_times_input looks at the input, not at a layer"),
        (("--method", "all", "--layer", "dense1"), "looks at the input, not at a layer"),
    ],
)
def test_what_the_run_does_not_have_is_refused(dlapps, xor_run, options, named):
    dlapps("classification", "explain", xor_run, "1,2", *options).assert_refused(named)


def test_options_without_an_input_are_refused(dlapps, xor_run):
    answer = dlapps("classification", "explain", xor_run, "--method", "saliency")
    answer.assert_refused("explain an INPUT; none is given")


def test_an_application_without_classes_has_no_target(dlapps, tiny, tmp_path):
    run = tmp_path / "run"
    small = ("--set", "model.units=8", "--set", "model.embedding_size=8")
    trained = dlapps("translation", "train", "number_words_attention", "--run", run, *tiny, *small)
    assert trained.exit_code == 0, trained.stderr
    ask = ("translation", "explain", run, "7", "--target", "seven")
    dlapps(*ask).assert_refused("translation with attention_translator tells no classes apart")
    ask = ("translation", "explain", run, "7", "--method", "lrp_epsilon")
    dlapps(*ask).assert_refused("goes back layer by layer")
