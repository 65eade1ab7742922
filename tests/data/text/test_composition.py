"""However a letter and its marks were typed, they are read as one character."""

import unicodedata

import pytest
import tensorflow as tf

from dlapps.data.text.composition import composed
from dlapps.data.text.tokenization import normalize


@pytest.mark.parametrize(
    "text",
    ["Mädchen, Zürich", "Việt Nam", "한국어 문장", "ёлка йод", "क़लम", "שָׁלוֹם", "x\u0304y", "", "a"],
)
def test_composition_is_that_of_unicode(text):
    parts = unicodedata.normalize("NFD", text)
    texts = composed(tf.constant([parts, text, "plain"])).numpy()
    expected = unicodedata.normalize("NFC", text)
    assert [text.decode() for text in texts] == [expected, expected, "plain"]


def test_texts_are_composed_before_they_are_split():
    assert normalize(tf.constant(["A\u0308pfel"])).numpy()[0].decode() == "äpfel"
