"""Text is split into words and marks so that it can be put together again."""

import pytest
import tensorflow as tf

from dlapps.data.text.tokenization import UNITS, join_words, split_characters, split_words


def words(text: str) -> list[str]:
    return [token.decode() for token in split_words(tf.constant([text])).numpy()[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ein Hund läuft im Schnee.", ["ein", "hund", "läuft", "im", "schnee", "￭."]),
        ("ÄRZTE\tund  Öfen", ["ärzte", "und", "öfen"]),
        ("a t-shirt", ["a", "t", "￭-￭", "shirt"]),
        ("one - two", ["one", "-", "two"]),
        ("what?!", ["what", "￭?￭", "￭!"]),
        ('he said "no" .', ["he", "said", '"￭', "no", '￭"', "."]),
        ("3,000 €", ["3", "￭,￭", "000", "€"]),
        ("שָׁלוֹם, עולם!", ["שָׁלוֹם", "￭,", "עולם", "￭!"]),
        ("Ku\u0308hl", ["kühl"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया", "￭।"]),
        ("👍 ok", ["👍", "ok"]),
        ("👩\u200d🚀", ["👩￭", "￭\u200d￭", "￭🚀"]),
        ("", []),
    ],
)
def test_words_and_marks(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    "text", ["twenty-seven", 'she\'s "here", (really) - at 3,000 m!?', "¿qué? ¡sí!", "你好。世界。"]
)
def test_joining_undoes_splitting(text):
    assert join_words(split_words(tf.constant([text])).to_tensor("")).numpy()[0].decode() == text


def test_characters_keep_the_spaces_between_words():
    tokens = split_characters(tf.constant(["  Öl  ab "]))
    assert [token.decode() for token in tokens.numpy()[0]] == ["ö", "l", " ", "a", "b"]
    assert UNITS["characters"].join(tokens.to_tensor("")).numpy()[0].decode() == "öl ab"


def test_broken_utf8_is_replaced_and_the_rest_kept():
    (tokens,) = split_words(tf.constant([b"gut \xff schlecht"])).numpy().tolist()
    assert tokens[0] == b"gut"
    assert tokens[-1] == b"schlecht"
