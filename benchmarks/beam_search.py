"""How much faster 1,000 sentences are translated in batches than one by one, with the same beam.

python benchmarks/beam_search.py [RUN] [--beam-width 5] [--batch-size 128]

RUN is a finished run of translation. Without one, the network of number_words_attention has the
weights it begins with, and what it says has no end: every translation is cut at 20 tokens. The
sentences are those of the test split. Both sides run the graph that is exported, compiled before it
is timed; sentences of a batch are about equally long, as they are in evaluation.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.translation.application import Translation, TranslationConfig
from dlapps.applications.translation.translator import Translator
from dlapps.config.files import find_config, read_text
from dlapps.data.splits import Data
from dlapps.data.text.likeliest import DecodingSettings
from dlapps.models.text.translation_model import TranslationModel
from dlapps.runs.directory import read_config
from dlapps.runs.trained import open_run

NUM_SENTENCES = 1_000
LONGEST = 20


def main() -> None:
    """Prints the seconds of both ways, their ratio, and how many translations are the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--beam-width", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    options = parser.parse_args()
    model, data, config = untrained() if options.run is None else trained(options.run)
    settings = DecodingSettings(
        beam_width=options.beam_width,
        max_length=LONGEST if options.run is None else config.decoding.max_length,
    )
    translator = Translator(model, data.spec, settings, config.data.max_length)
    ordered = data["test"][np.argsort(data["test"].columns["length"], kind="stable")]
    sentences = ordered.columns["source_text"][:NUM_SENTENCES]
    together, seconds_together = translated(translator, sentences, options.batch_size)
    alone, seconds_alone = translated(translator, sentences, 1)
    same = sum(a == b for a, b in zip(together, alone, strict=True))
    print(f"{len(sentences)} sentences, beam {options.beam_width}")
    print(f"in batches of {options.batch_size}: {seconds_together:.2f} s")
    print(f"one by one: {seconds_alone:.2f} s")
    print(f"ratio: {seconds_alone / seconds_together:.1f}")
    print(f"the same translation: {same} of {len(sentences)}")


def untrained() -> tuple[TranslationModel, Data, TranslationConfig]:
    """The network of number_words_attention with the weights it begins with, and its data."""
    file = find_config("translation", "number_words_attention")
    config = read_config("translation", read_text(file.path), file.name)
    application = Translation(config)
    keras.utils.set_random_seed(0)
    data = application.build_data()
    return application.build_model(data.spec), data, config


def trained(directory: Path) -> tuple[TranslationModel, Data, TranslationConfig]:
    """The network of a run, and its data."""
    run = open_run("translation", directory)
    return run.model, run.data, run.config


def translated(
    translator: Translator, sentences: np.ndarray, batch_size: int
) -> tuple[list[bytes], float]:
    """The translations, and the seconds they took."""
    graph = tf.function(
        lambda texts: translator.translate(texts)["translation"],
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    graph(tf.constant(sentences[:batch_size]))
    began = time.perf_counter()
    found = [
        graph(tf.constant(sentences[first : first + batch_size])).numpy()
        for first in range(0, len(sentences), batch_size)
    ]
    return np.concatenate(found).tolist(), time.perf_counter() - began


if __name__ == "__main__":
    main()
