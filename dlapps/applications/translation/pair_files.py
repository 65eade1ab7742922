"""Pairs of sentences in the user's own files: one TSV, or two files line by line."""

from pathlib import Path

from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError

Pairs = list[tuple[str, str]]


def read_tsv(path: Path) -> Pairs:
    """The pairs of a file whose lines are a sentence, a tab and its translation.

    Raises UsageError, which names the file and the line, where it is not of that form.
    """
    pairs = []
    for number, line in enumerate(read_lines(path), 1):
        parts = line.split("\t")
        if len(parts) != 2 or not all(part.strip() for part in parts):
            raise UsageError(
                f"{path}, line {number}: there must be a sentence, one tab and its translation, "
                f"not {line[:60]!r}."
            )
        pairs.append((parts[0].strip(), parts[1].strip()))
    return pairs


def read_parallel(source: Path, target: Path) -> Pairs:
    """The pairs of two files, in which each line of one translates the same line of the other.

    Raises UsageError, which names the file and the line, where they do not go together.
    """
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        shorter, longer = sorted([(len(sources), source), (len(targets), target)])
        raise UsageError(
            f"{shorter[1]} has {shorter[0]} lines and {longer[1]} has {longer[0]}: line "
            f"{shorter[0] + 1} of the latter has no counterpart."
        )
    pairs = [(a.strip(), b.strip()) for a, b in zip(sources, targets, strict=True)]
    for number, pair in enumerate(pairs, 1):
        for sentence, path in zip(pair, (source, target), strict=True):
            if not sentence:
                raise UsageError(f"{path}, line {number}: there must be a sentence.")
    return pairs


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 text file; raises UsageError where it is none, or has no line."""
    try:
        contents = read_file(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}. Say where your pairs are with --set "
            "data.path=PATH, and the other side of two files with data.target_path."
        ) from error
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path}, line {line}: this is not UTF-8; save the file with that encoding."
        ) from error
    if not text.strip():
        raise UsageError(f"{path} is empty; there must be a sentence on each line.")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
