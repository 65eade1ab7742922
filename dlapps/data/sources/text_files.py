"""The user's own text files, line by line: every faulty line is counted, the first are shown."""

from collections.abc import Sequence
from pathlib import Path

from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError

NUM_NAMED = 3
"""Faulty lines of a file that are shown."""


def read_lines(path: Path, where: str) -> list[str]:
    """The lines of a UTF-8 text file; raises UsageError where it is none, or has no line.

    `where` is the sentence that tells how to name another file.
    """
    try:
        contents = read_file(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. {where}") from error
    lines = [line.removesuffix(b"\r") for line in contents.removesuffix(b"\n").split(b"\n")]
    texts = [line.decode("utf-8", errors="replace") for line in lines]
    broken = [number for number, line in enumerate(lines, 1) if not is_utf8(line)]
    refuse_lines(path, broken, texts, "this is not UTF-8; save the file with that encoding")
    texts[0] = texts[0].removeprefix("\ufeff")
    if not any(text.strip() for text in texts):
        raise UsageError(f"{path} is empty; there must be something on each line.")
    return texts


def refuse_lines(path: Path, numbers: Sequence[int], lines: Sequence[str], wanted: str) -> None:
    """Raises UsageError where there are any, which counts those lines and shows the first.

    `wanted` says what there must be; the first line is number 1.
    """
    if not numbers:
        return
    shown = "; ".join(
        f"line {number}: {lines[number - 1][:60]!r}" for number in numbers[:NUM_NAMED]
    )
    rest = f" and {len(numbers) - NUM_NAMED} more" if len(numbers) > NUM_NAMED else ""
    raise UsageError(f"{path}, {shown}{rest}: {wanted}.")


def is_utf8(contents: bytes) -> bool:
    """Whether the bytes are text in UTF-8."""
    try:
        contents.decode()
    except UnicodeDecodeError:
        return False
    return True
