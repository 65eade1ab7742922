"""Numbers in words as the two languages write them."""

import pytest

from dlapps.datasets.number_words import english, german, number_words


@pytest.mark.parametrize(
    ("number", "in_german", "in_english"),
    [
        (0, "null", "zero"),
        (1, "eins", "one"),
        (12, "zwölf", "twelve"),
        (16, "sechzehn", "sixteen"),
        (21, "einundzwanzig", "twenty-one"),
        (27, "siebenundzwanzig", "twenty-seven"),
        (30, "dreißig", "thirty"),
        (100, "einhundert", "one hundred"),
        (101, "einhunderteins", "one hundred one"),
        (1000, "eintausend", "one thousand"),
        (6071, "sechstausendeinundsiebzig", "six thousand seventy-one"),
        (9999, "neuntausendneunhundertneunundneunzig", "nine thousand nine hundred ninety-nine"),
    ],
)
def test_numbers_in_words(number, in_german, in_english):
    assert german(number) == in_german
    assert english(number) == in_english


def test_every_number_is_in_one_split():
    splits = number_words()
    assert {name: len(pairs) for name, pairs in splits.items()} == {
        "test": 1000,
        "validation": 1000,
        "train": 8000,
    }
    everything = [pair for pairs in splits.values() for pair in pairs]
    assert len({source for source, _ in everything}) == 10_000
    assert len({target for _, target in everything}) == 10_000
