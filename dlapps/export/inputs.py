"""What a person asks of a run: files, folders and globs of them, or texts; and what is refused."""

import glob
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlapps.data.sources.folders import masks_left_out
from dlapps.errors import in_short
from dlapps.export.answer import Answer

Records = list[dict[str, Any]]


def answer_each(
    texts: Sequence[str],
    answers: Mapping[str, Answer],
    answer: Callable[[Sequence[str]], Records],
) -> Records:
    """A record for each input that `texts` stand for, in their order.

    Where one of the answers reads files, a folder stands for those in it that it reads, without
    the masks beside their images, and a glob for the files that match. What is no file to be read
    gets an `error` of one sentence; `answer` is called once, with all others.
    """
    inputs = [each for text in texts for each in expanded(text, answers)]
    refusals = {text: reason for text in inputs if (reason := _refusal(text, answers))}
    records = iter(answer([text for text in inputs if text not in refusals]))
    return [
        {"input": text, "error": refusals[text]} if text in refusals else next(records)
        for text in inputs
    ]


def expanded(text: str, answers: Mapping[str, Answer]) -> list[str]:
    """The files, sorted, that the name of a folder or a glob stands for; else the text itself."""
    suffixes = _suffixes(answers)
    if not suffixes or _is_no_file(text, answers):
        return [text]
    if os.path.isdir(text):
        # What cannot be listed is refused like a folder that holds nothing.
        inside = sorted(glob.glob(os.path.join(glob.escape(text), "*")))
        files = [path for path in inside if path.lower().endswith(suffixes)]
        masks = masks_left_out([Path(path) for path in files])
        files = [path for path in files if Path(path) not in masks]
    elif glob.has_magic(text) and not os.path.lexists(text) and "\0" not in text:
        files = sorted(glob.glob(text, recursive=True))
    else:
        return [text]
    return [path for path in files if os.path.isfile(path)] or [text]


def _refusal(text: str, answers: Mapping[str, Answer]) -> str | None:
    """Why `text`, as it is after expansion, is not even read; None where it may be."""
    suffixes = _suffixes(answers)
    if not suffixes or _is_no_file(text, answers):
        return None
    short = in_short(text)
    if os.path.lexists(text):
        parts = [text]
    elif glob.has_magic(text):
        return f"No file matches {short}."
    else:
        parts = text.split(":")
        takes_two = any(len(answer.inputs) > 1 for answer in answers.values() if answer.suffixes)
        if not takes_two and len(parts) > 1 and any(map(os.path.exists, parts)):
            return (
                f"There is no file {short}. This run takes one file an input: give "
                f"{' and '.join(map(in_short, parts))} apart."
            )
        parts = parts if takes_two else [text]
    return next(filter(None, (_refused_path(part, suffixes) for part in parts)), None)


def _refused_path(path: str, suffixes: tuple[str, ...]) -> str | None:
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return None  # Whoever reads it says what kind of file is missing, or why it is not read.
    except ValueError:
        return f"{in_short(path)} can name no file."
    if is_folder:
        kinds = ", ".join(suffixes)
        return f"The folder {in_short(path)} holds no file that this run reads ({kinds})."
    return None


def _suffixes(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s for answer in answers.values() for s in answer.suffixes))


def _is_no_file(text: str, answers: Mapping[str, Answer]) -> bool:
    """Whether something else is asked: 7 is a seed, also where a folder is called so."""
    others = [answer.read for answer in answers.values() if answer.read and not answer.suffixes]
    return any(read(text) is not None for read in others)
