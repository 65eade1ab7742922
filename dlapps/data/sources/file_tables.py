"""A folder of files with a TSV beside them that says something of each."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dlapps.data.sources.text_files import read_lines, refuse_lines


class FileTable:
    """The lines of a TSV, each a file below its folder, one tab and a text.

    Raises UsageError, which says what is `expected`, where the TSV cannot be read. Of the rows
    nothing is known before they were `refuse`d.
    """

    def __init__(self, path: Path, suffixes: Iterable[str], expected: str):
        self.files = {
            file.relative_to(path.parent).as_posix(): file
            for file in sorted(path.parent.rglob("*"))
            if file.suffix.lower() in suffixes and not file.name.startswith(".")
        }
        """Those of the suffixes that are not hidden, by what lines call them."""
        self._path, self._lines = path, read_lines(path, f"Expected is {expected}.")
        self.rows = [[part.strip() for part in line.split("\t")] for line in self._lines]

    def refuse(self, wanted: str, is_wrong: Callable[[Sequence[str]], bool]) -> None:
        """Raises UsageError, which names the lines and what is `wanted`, where a row is wrong."""
        wrong = [number for number, row in enumerate(self.rows, 1) if is_wrong(row)]
        refuse_lines(self._path, wrong, self._lines, wanted)

    def unmentioned(self) -> list[Path]:
        """The files of which no row says anything."""
        mentioned = {row[0] for row in self.rows}
        return [file for name, file in self.files.items() if name not in mentioned]
