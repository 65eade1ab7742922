"""Long texts: what a language model learns from, and how it reads them."""

import logging
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf
from pydantic import model_validator

from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.sources.published import load_published
from dlapps.data.sources.text_files import read_lines
from dlapps.data.splits import Data, Examples
from dlapps.data.text.vocabulary import UNKNOWN, Vocabulary, count_tokens
from dlapps.datasets.standard_library import module_sources
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
SHARES = (0.9, 0.95)
"""Where validation and test begin in a text that has no splits of its own."""
FEWEST_CHARACTERS = 100
WHERE = "Say where your text is with --set data.path=PATH."
EXAMPLE_LENGTHS = (1, 8, 24)
"""Tokens of the prompts that two models are compared by."""

Unit = Literal["characters", "words"]
Texts = dict[str, str]


class LongText(DataSettings):
    """Which text to learn from.

    standard_library, the source of Python's own modules, needs nothing; tiny_shakespeare and ptb
    are found in DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded; text reads `path`.
    """

    name: Literal["standard_library", "tiny_shakespeare", "ptb", "text"]
    path: UserPath | None = None
    """text: a file, or a folder whose files are read in the order of their names, unless three of
    them are called train, validation and test."""
    files: str = "*.txt"
    """text: which files of a folder, however deep, such as *.py."""
    unit: Unit = "characters"
    """What a token is; words are what stands between spaces, and ends of lines."""
    min_count: Positive = 1
    """How often a token must occur in the training text to be known."""
    truncation: Positive = 64
    """Tokens of a window, at whose beginning gradients end; what is remembered does not."""
    batch_size: BatchSize = 32
    """Readers of the text side by side, each in a part of its own."""

    @model_validator(mode="after")
    def _check_path(self):
        check_path(self.path, self.name, ["text"])
        return self


class LongTextSpec(Section):
    """What a language model must know of its text: the tokens."""

    tokens: tuple[str, ...]
    unit: Unit
    example_prompts: tuple[str, ...]
    """Beginnings of real text of several lengths, to compare two models by."""

    def __repr__(self) -> str:
        return f"{len(self.tokens)} {self.unit}"

    def vocabulary(self) -> Vocabulary:
        """The numbers of the tokens."""
        return Vocabulary(self.tokens, f"written_{self.unit}")


TextData = Data[Examples, LongTextSpec]


def load_text(settings: LongText) -> TextData:
    """The text that `settings` names, the vocabulary from train alone.

    tiny_shakespeare and ptb: their own splits. standard_library: the end of each module. text: the
    last tenth, half of it for validation and half for testing, or the files of the folder. The
    column of a split is `token`, int32 [L], in the order of the text.
    """
    texts = _read(settings)
    tokens = count_tokens([texts["train"]], f"written_{settings.unit}", settings.min_count)
    vocabulary = Vocabulary(tokens, f"written_{settings.unit}")
    splits = {name: _encode(name, texts[name], vocabulary) for name in SPLITS}
    beginning = splits["validation"].columns["token"]
    prompts = (vocabulary.decode(beginning[None, :length]) for length in EXAMPLE_LENGTHS)
    spec = LongTextSpec(
        tokens=tokens,
        unit=settings.unit,
        example_prompts=tuple(dict.fromkeys(prompt.numpy()[0].decode() for prompt in prompts)),
    )
    return Data(splits, spec)


def numbers_of(text: str, vocabulary: Vocabulary) -> np.ndarray:
    """The numbers of the tokens of a text, int32 [L]."""
    return vocabulary.encode(tf.constant([text]))[0, :-1].numpy()


def _encode(split: str, text: str, vocabulary: Vocabulary) -> Examples:
    tokens = numbers_of(text, vocabulary)
    if len(tokens) < 2:
        raise UsageError(f"The {split} text has {len(tokens)} tokens; there must be at least two.")
    unknown = int((tokens == UNKNOWN).sum())
    if unknown and split != "train":
        logger.warning(
            "%d of %d tokens of the %s text are not in that to learn from.",
            unknown, len(tokens), split,
        )  # fmt: skip
    return Examples({"token": tokens})


def _read(settings: LongText) -> Texts:
    if settings.name == "standard_library":
        return _standard_library()
    if settings.name == "text":
        assert settings.path is not None, "the settings were checked"
        return _read_path(settings.path, settings.files)
    return {
        name: b"\n".join(split["text"]).decode()
        for name, split in load_published(settings.name).items()
    }


def _standard_library() -> Texts:
    sources = module_sources()
    if not sources:
        raise UsageError(
            "This Python came without the source of its standard library; name a text of yours "
            "with data.name=text and data.path."
        )
    parts = [_divided(source) for source in sources.values()]
    return {name: "\n".join(part[name] for part in parts) for name in SPLITS}


def _read_path(path: Path, pattern: str) -> Texts:
    if not path.is_dir():
        text = _read_text(path)
        if len(text) < FEWEST_CHARACTERS:
            raise UsageError(
                f"{path} has {len(text)} characters; {FEWEST_CHARACTERS} are the fewest that can "
                "be divided into train, validation and test."
            )
        return _divided(text)
    files = sorted(file for file in path.rglob(pattern) if file.is_file())
    if not files:
        raise UsageError(
            f"{path} has no file {pattern}. Say which are to be read with data.files, such as *.py."
        )
    by_stem = {file.stem: file for file in files}
    if by_stem.keys() == set(SPLITS):
        return {name: _read_text(by_stem[name]) for name in SPLITS}
    return _divided("\n".join(_read_text(file) for file in files))


def _read_text(path: Path) -> str:
    """The text of a UTF-8 file, its lines ended by line feeds."""
    return "\n".join(read_lines(path, WHERE)) + "\n"


def _divided(text: str) -> Texts:
    """The three splits of a text, in its order."""
    first, second = (int(share * len(text)) for share in SHARES)
    return dict(zip(SPLITS, (text[:first], text[first:second], text[second:]), strict=True))
