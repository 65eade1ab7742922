"""A text that a person typed: whether it can be read, and what of it a vocabulary knows."""

import logging
from typing import Any

from dlapps.data.text.vocabulary import Vocabulary
from dlapps.errors import UsageError, in_short

logger = logging.getLogger(__name__)


def read_text(text: str, vocabulary: Vocabulary) -> bytes:
    """The text in UTF-8; raises UsageError where there is none to read."""
    try:
        contents = text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"'{in_short(text)}' is not valid Unicode; this run takes text."
        ) from error
    if not vocabulary.read(text)[0]:
        raise UsageError(f"'{in_short(text)}' has nothing in it to be read; this run takes text.")
    return contents


def how_read(text: str, vocabulary: Vocabulary, longest: int | None = None) -> dict[str, Any]:
    """The `unknown` tokens of a text and, where it is cut, the number of `tokens_left_out`.

    Both are also said in the log. `longest` is how many tokens of a text are read; None: all.
    """
    tokens, known = vocabulary.read(text)
    unknown = [token for token, is_known in zip(tokens[:longest], known[:longest]) if not is_known]
    record: dict[str, Any] = {"unknown": list(dict.fromkeys(unknown))}
    if record["unknown"]:
        logger.warning(
            "'%s': this run never learned %s.",
            in_short(text), in_short(", ".join(record["unknown"])),
        )  # fmt: skip
    if longest is not None and len(tokens) > longest:
        logger.warning(
            "'%s' has %d tokens; only the first %d are read.", in_short(text), len(tokens), longest
        )
        record["tokens_left_out"] = len(tokens) - longest
    return record
