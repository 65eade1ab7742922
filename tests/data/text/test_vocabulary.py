"""Texts become numbers and come back; what is unknown is said to be."""

import tensorflow as tf

from dlapps.data.text.vocabulary import END, PADDING, UNKNOWN, Vocabulary, count_tokens


def test_frequent_tokens_first_and_rare_ones_left_out():
    texts = ["b a c", "a b.", "A"]
    assert count_tokens(texts, "words", 1) == ("a", "b", "c", "￭.")
    assert count_tokens(texts, "words", 2) == ("a", "b")


def test_ids_end_and_are_padded():
    vocabulary = Vocabulary(("a", "b"), "words")
    ids = vocabulary.encode(tf.constant(["b x a", "a", ""])).numpy().tolist()
    assert ids == [
        [5, UNKNOWN, 4, END],
        [4, END, PADDING, PADDING],
        [END, PADDING, PADDING, PADDING],
    ]
    assert len(vocabulary) == 6


def test_no_more_is_taken_than_may_be():
    vocabulary = Vocabulary(("a", "b"), "words")
    ids = vocabulary.encode(tf.constant(["b x a", "a"]), 2).numpy().tolist()
    assert ids == [[5, UNKNOWN, END], [4, END, PADDING]]


def test_tokens_are_read_as_a_person_does():
    vocabulary = Vocabulary(("a", "￭-￭"), "words")
    assert vocabulary.read("a-B") == (["a", "-", "b"], [True, True, False])
    assert vocabulary.read("\x01") == ([], [])
    assert Vocabulary(("a",), "characters").read("a b")[0] == ["a", "␣", "b"]


def test_what_follows_the_end_is_not_read():
    vocabulary = Vocabulary(("a", "￭-￭", "b"), "words")
    ids = tf.constant([[4, 5, 6, END, 4], [6, END, END, PADDING, 6]])
    assert vocabulary.decode(ids).numpy().tolist() == [b"a-b", b"b"]


def test_every_token_can_be_seen():
    vocabulary = Vocabulary((" ", "x", "￭-￭"), "characters")
    ids = tf.constant([[5, 4, 6, UNKNOWN, END]])
    assert vocabulary.shown(ids) == [["x", "␣", "-", "<unknown>", "<end>"]]


def test_encoding_and_decoding_work_in_a_saved_model(tmp_path):
    module = tf.Module()
    module.vocabulary = vocabulary = Vocabulary(("x", "y"), "characters")
    module.echo = tf.function(
        lambda texts: vocabulary.decode(vocabulary.encode(texts)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert loaded.echo(tf.constant(["XyX", "y"])).numpy().tolist() == [b"xyx", b"y"]


def test_pieces_are_the_text_token_by_token():
    text = "It's \u2014 so, well!"
    assert Vocabulary(("a",), "words").pieces(text) == [
        "it", "'", "s", " \u2014", " so", ",", " well", "!",
    ]  # fmt: skip
    assert Vocabulary(("a",), "characters").pieces("A b") == ["a", " ", "b"]
    assert Vocabulary(("a",), "subwords", ((" ", "a"), ("b", "b"))).pieces("a abbb") == [
        "a", " a", "bb", "b",
    ]  # fmt: skip
