"""Pairs of sentences in the user's own files: one TSV, or two files line by line."""

from pathlib import Path

from dlapps.data.sources.text_files import read_lines, refuse_lines
from dlapps.errors import UsageError

Pairs = list[tuple[str, str]]

WHERE = (
    "Say where your pairs are with --set data.path=PATH, and the other side of two files with "
    "data.target_path."
)


def read_tsv(path: Path) -> Pairs:
    """The pairs of a file whose lines are a sentence, a tab and its translation.

    Raises UsageError, which names the file and the first lines, where some are not of that form.
    """
    lines = read_lines(path, WHERE)
    rows = [[part.strip() for part in line.split("\t")] for line in lines]
    faulty = [number for number, row in enumerate(rows, 1) if len(row) != 2 or not all(row)]
    refuse_lines(path, faulty, lines, "there must be a sentence, one tab and its translation")
    return [(source, target) for source, target in rows]


def read_parallel(source: Path, target: Path) -> Pairs:
    """The pairs of two files, in which each line of one translates the same line of the other.

    Raises UsageError, which names the file and the first lines, where they do not go together.
    """
    files = (source, target)
    sources, targets = ([line.strip() for line in read_lines(path, WHERE)] for path in files)
    if len(sources) != len(targets):
        shorter, longer = sorted([(len(sources), source), (len(targets), target)])
        raise UsageError(
            f"{shorter[1]} has {shorter[0]} lines and {longer[1]} has {longer[0]}: line "
            f"{shorter[0] + 1} of the latter has no counterpart."
        )
    for path, lines in zip(files, (sources, targets), strict=True):
        empty = [number for number, line in enumerate(lines, 1) if not line]
        refuse_lines(path, empty, lines, "there must be a sentence")
    return list(zip(sources, targets, strict=True))
