"""Pairs of sentences in the user's own files: one TSV, or two files line by line."""

from collections.abc import Sequence
from pathlib import Path

from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError

Pairs = list[tuple[str, str]]

NUM_NAMED = 3
"""Faulty lines of a file that are named; all are counted."""


def read_tsv(path: Path) -> Pairs:
    """The pairs of a file whose lines are a sentence, a tab and its translation.

    Raises UsageError, which names the file and the first lines, where some are not of that form.
    """
    rows = [[part.strip() for part in line.split("\t")] for line in read_lines(path)]
    _refuse_lines(
        path,
        [number for number, row in enumerate(rows, 1) if len(row) != 2 or not all(row)],
        ["\t".join(row) for row in rows],
        "there must be a sentence, one tab and its translation",
    )
    return [(source, target) for source, target in rows]


def read_parallel(source: Path, target: Path) -> Pairs:
    """The pairs of two files, in which each line of one translates the same line of the other.

    Raises UsageError, which names the file and the first lines, where they do not go together.
    """
    sources, targets = ([line.strip() for line in read_lines(path)] for path in (source, target))
    if len(sources) != len(targets):
        shorter, longer = sorted([(len(sources), source), (len(targets), target)])
        raise UsageError(
            f"{shorter[1]} has {shorter[0]} lines and {longer[1]} has {longer[0]}: line "
            f"{shorter[0] + 1} of the latter has no counterpart."
        )
    for path, lines in ((source, sources), (target, targets)):
        empty = [number for number, line in enumerate(lines, 1) if not line]
        _refuse_lines(path, empty, lines, "there must be a sentence")
    return list(zip(sources, targets, strict=True))


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 text file; raises UsageError where it is none, or has no line."""
    try:
        contents = read_file(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}. Say where your pairs are with --set "
            "data.path=PATH, and the other side of two files with data.target_path."
        ) from error
    lines = [_without_ending(line) for line in contents.removesuffix(b"\n").split(b"\n")]
    texts = [line.decode("utf-8", errors="replace") for line in lines]
    broken = [number for number, line in enumerate(lines, 1) if not _is_utf8(line)]
    _refuse_lines(path, broken, texts, "this is not UTF-8; save the file with that encoding")
    texts[0] = texts[0].removeprefix("\ufeff")
    if not any(text.strip() for text in texts):
        raise UsageError(f"{path} is empty; there must be a sentence on each line.")
    return texts


def _refuse_lines(path: Path, numbers: Sequence[int], lines: Sequence[str], wanted: str) -> None:
    """Raises UsageError, which counts the lines of these numbers and shows the first of them."""
    if not numbers:
        return
    first, *further = (f"line {number}: {lines[number - 1][:60]!r}" for number in numbers)
    named = "; ".join([first, *further[: NUM_NAMED - 1]])
    rest = f" and {len(numbers) - NUM_NAMED} more" if len(numbers) > NUM_NAMED else ""
    raise UsageError(f"{path}, {named}{rest}: {wanted}.")


def _without_ending(line: bytes) -> bytes:
    return line.removesuffix(b"\r")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
