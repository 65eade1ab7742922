"""Numbers below ten thousand in German words, written as one, and in English words."""

import numpy as np

SIZE = 10_000
TEST_SIZE = 1_000
VALIDATION_SIZE = 1_000

GERMAN_ONES = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
    "elf", "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn",
    "neunzehn",
)  # fmt: skip
GERMAN_TENS = (
    "", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"
)  # fmt: skip
ENGLISH_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
ENGLISH_TENS = (
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
)  # fmt: skip


def german(number: int) -> str:
    """The number, from 0 to 9999, as German writes it: siebenundzwanzig for 27."""
    for value, word in ((1000, "tausend"), (100, "hundert")):
        if number >= value:
            count, rest = divmod(number, value)
            return _german_factor(count) + word + (german(rest) if rest else "")
    if number < 20:
        return GERMAN_ONES[number]
    tens, ones = divmod(number, 10)
    return (f"{_german_factor(ones)}und" if ones else "") + GERMAN_TENS[tens]


def english(number: int) -> str:
    """The number, from 0 to 9999, as English writes it: twenty-seven for 27."""
    for value, word in ((1000, "thousand"), (100, "hundred")):
        if number >= value:
            count, rest = divmod(number, value)
            return f"{ENGLISH_ONES[count]} {word}" + (f" {english(rest)}" if rest else "")
    if number < 20:
        return ENGLISH_ONES[number]
    tens, ones = divmod(number, 10)
    return ENGLISH_TENS[tens] + (f"-{ENGLISH_ONES[ones]}" if ones else "")


def number_words() -> dict[str, list[tuple[str, str]]]:
    """Pairs (German, English) of all numbers: 8,000 train, 1,000 validation, 1,000 test.

    A fixed permutation deals them out, so that no number of one split is in another.
    """
    # Frozen streams: those of default_rng may change with NumPy, and the splits with them.
    numbers = np.random.RandomState(0).permutation(SIZE).tolist()
    parts = {
        "test": numbers[:TEST_SIZE],
        "validation": numbers[TEST_SIZE : TEST_SIZE + VALIDATION_SIZE],
        "train": numbers[TEST_SIZE + VALIDATION_SIZE :],
    }
    return {
        name: [(german(number), english(number)) for number in part] for name, part in parts.items()
    }


def _german_factor(number: int) -> str:
    """Before another word, one is ein and not eins."""
    return "ein" if number == 1 else GERMAN_ONES[number]
