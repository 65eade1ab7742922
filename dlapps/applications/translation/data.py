"""Sentences and their translations: what a translator learns from, and how it reads them."""

import logging
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf
from pydantic import model_validator

from dlapps.applications.translation.pair_files import Pairs, read_parallel, read_tsv
from dlapps.config.section import BatchSize, DataSettings, Positive, Section, UserPath, check_path
from dlapps.data.batches import Columns
from dlapps.data.sources.published import load_published
from dlapps.data.splits import Data, Examples, carve_tenths
from dlapps.data.text.sequences import shifted, trimmed
from dlapps.data.text.subwords import Merges
from dlapps.data.text.vocabulary import PADDING, Vocabulary, learn_tokens
from dlapps.datasets.number_words import number_words
from dlapps.errors import UsageError

logger = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
FEWEST_PAIRS = 10

Language = Literal["de", "en", "fr"]
Tokens = Literal["words", "characters", "subwords"]


class SentencePairs(DataSettings):
    """Which sentences to learn to translate.

    number_words needs nothing; multi30k (captions in German, English and French) is found in
    DLAPPS_MANUAL_DIR or DLAPPS_DATA_DIR, or downloaded; tsv reads `path`, and parallel_files `path`
    and `target_path`.
    """

    name: Literal["number_words", "multi30k", "tsv", "parallel_files"]
    path: UserPath | None = None
    """tsv: a file of lines "sentence TAB translation", or a folder with train.tsv, validation.tsv
    and test.tsv. parallel_files: the file of sentences."""
    target_path: UserPath | None = None
    """parallel_files: the file of their translations, line by line."""
    source_language: Language = "de"
    """multi30k: the language of the sentences."""
    target_language: Language = "en"
    """multi30k: the language of their translations."""
    source_unit: Tokens = "words"
    """What a token of the sentences is."""
    target_unit: Tokens = "words"
    """What a token of the translations is."""
    num_merges: Positive = 4000
    """subwords: how often the two that are neighbours most often are made one; byte-pair encoding,
    learned of each language alone."""
    min_count: Positive = 1
    """How often a token must occur in the training data to be known."""
    max_length: Positive = 100
    """Training pairs of which one side has more tokens than this are left out."""
    batch_size: BatchSize = 128

    @model_validator(mode="after")
    def _check_paths(self):
        check_path(self.path, self.name, ["tsv", "parallel_files"])
        if (self.name == "parallel_files") != (self.target_path is not None):
            raise ValueError("data.target_path goes with data.name parallel_files, and only then")
        return self

    @model_validator(mode="after")
    def _check_languages(self):
        languages = (self.source_language, self.target_language)
        if languages != ("de", "en") and self.name != "multi30k":
            raise ValueError(
                "data.source_language and data.target_language go with data.name multi30k, and "
                "only with it"
            )
        if self.source_language == self.target_language:
            raise ValueError("data.source_language and data.target_language must differ")
        return self


class SentencePairsSpec(Section):
    """What a translator must know of its data: the tokens of both languages."""

    source_tokens: tuple[str, ...]
    source_unit: Tokens
    target_tokens: tuple[str, ...]
    target_unit: Tokens
    source_merges: Merges = ()
    """subwords: which two are made one, in this order."""
    target_merges: Merges = ()
    example_sentences: tuple[str, ...]
    """Real sentences of several lengths, to compare two models by; none without a token."""

    def __repr__(self) -> str:
        return (
            f"{len(self.source_tokens)} {self.source_unit} to "
            f"{len(self.target_tokens)} {self.target_unit}, "
            f"such as {', '.join(map(repr, self.example_sentences))}"
        )

    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """Of the sentences and of their translations."""
        return (
            Vocabulary(self.source_tokens, self.source_unit, self.source_merges),
            Vocabulary(self.target_tokens, self.target_unit, self.target_merges),
        )


TranslatedExamples = Data[Examples, SentencePairsSpec]


def load_sentence_pairs(settings: SentencePairs) -> TranslatedExamples:
    """The pairs that `settings` names, in their fixed splits, the vocabularies from train alone.

    number_words and multi30k: their own splits. tsv and parallel_files: 80 / 10 / 10 by a fixed
    permutation, or the files of the folder. The columns of a split are `source_text` and
    `target_text` (bytes), `source` and `target` (int32 [N, T], see Vocabulary.encode) and
    `length`, the larger number of tokens of the two with their END.
    """
    pairs = _read(settings)
    sources, targets = zip(*pairs["train"], strict=True)
    rarest, num_merges = settings.min_count, settings.num_merges
    of_source = learn_tokens(sources, settings.source_unit, rarest, num_merges)
    of_target = learn_tokens(targets, settings.target_unit, rarest, num_merges)
    source = Vocabulary(of_source.tokens, settings.source_unit, of_source.merges)
    target = Vocabulary(of_target.tokens, settings.target_unit, of_target.merges)
    splits = {name: _encode(pairs[name], source, target) for name in SPLITS}
    splits["train"] = _without_long(splits["train"], settings.max_length)
    spec = SentencePairsSpec(
        source_tokens=of_source.tokens,
        source_unit=settings.source_unit,
        target_tokens=of_target.tokens,
        target_unit=settings.target_unit,
        source_merges=of_source.merges,
        target_merges=of_target.merges,
        example_sentences=_example_sentences(splits["validation"]),
    )
    return Data(splits, spec)


def _read(settings: SentencePairs) -> dict[str, Pairs]:
    if settings.name == "number_words":
        return number_words()
    if settings.name == "multi30k":
        languages = (settings.source_language, settings.target_language)
        return {
            name: [
                (source.decode(), target.decode())
                for source, target in zip(*(split[language] for language in languages), strict=True)
            ]
            for name, split in load_published("multi30k").items()
        }
    assert settings.path is not None, "the settings were checked"
    if settings.name == "parallel_files":
        assert settings.target_path is not None, "the settings were checked"
        return _carve(read_parallel(settings.path, settings.target_path), settings.path)
    if settings.path.is_dir():
        return {name: read_tsv(settings.path / f"{name}.tsv") for name in SPLITS}
    return _carve(read_tsv(settings.path), settings.path)


def _carve(pairs: Pairs, path: Path) -> dict[str, Pairs]:
    if len(pairs) < FEWEST_PAIRS:
        raise UsageError(
            f"{path} has only {len(pairs)} pairs of sentences; {FEWEST_PAIRS} are the fewest that "
            "can be divided into train, validation and test."
        )
    return carve_tenths(pairs, ("validation", "test"))


def _encode(pairs: Pairs, source: Vocabulary, target: Vocabulary) -> Examples:
    sources, targets = (np.array([s.encode() for s in side], object) for side in zip(*pairs))
    columns = {
        "source_text": sources,
        "target_text": targets,
        "source": source.encode(tf.constant(sources)).numpy(),
        "target": target.encode(tf.constant(targets)).numpy(),
    }
    lengths = [(columns[name] != PADDING).sum(axis=1) for name in ("source", "target")]
    return Examples({**columns, "length": np.maximum(*lengths).astype(np.int32)})


def _without_long(examples: Examples, max_length: int) -> Examples:
    longest = max_length + 1  # The sign for the end comes on top.
    fits = examples.columns["length"] <= longest
    if not fits.any():
        raise UsageError(f"Every pair has more than {max_length} tokens; raise data.max_length.")
    if not fits.all():
        logger.warning(
            "%d of %d training pairs have more than %d tokens and are left out.",
            (~fits).sum(), len(fits), max_length,
        )  # fmt: skip
    kept = examples[fits]
    trimmed = {name: kept.columns[name][:, :longest] for name in ("source", "target")}
    return Examples({**kept.columns, **trimmed})


def _example_sentences(examples: Examples) -> tuple[str, ...]:
    """The shortest of the sentences, one in between and the longest, as far as they differ."""
    lengths = (examples.columns["source"] != PADDING).sum(axis=1)
    # One row of each length, the shortest first. What is as long as END alone is empty.
    _, rows = np.unique(lengths, return_index=True)
    rows = rows[lengths[rows] > 1]
    if len(rows) == 0:
        raise UsageError("No sentence of the validation split has a token in it; give it some.")
    chosen = dict.fromkeys([rows[0], rows[len(rows) // 2], rows[-1]])
    return tuple(examples.columns["source_text"][row].decode() for row in chosen)


def teacher_forced(columns: Columns) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """A batch for a translator's `train_step`: (inputs, the tokens it is to say, their weights).

    The inputs are `source` [N, T] and `target` [N, U], trimmed to the longest of the batch; the
    weights are 0 at padding.
    """
    source, target = trimmed(columns["source"]), trimmed(columns["target"])
    weights = tf.cast(target != PADDING, tf.float32)
    return {"source": source, "target": shifted(target)}, target, weights


def source_lengths(examples: Examples) -> list[int]:
    """How many tokens each sentence has, its END not counted."""
    return ((examples.columns["source"] != PADDING).sum(axis=1) - 1).tolist()
