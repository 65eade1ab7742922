"""Multi30k (Elliott, Frank, Sima'an, Specia 2016), task 1: captions in English, German and
French (Elliott, Frank, Barrault, Bougares, Specia 2017)."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

SOURCE = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
LANGUAGES = ("de", "en", "fr")
CITATION = """\
@inproceedings{elliott2016multi30k,
  title = {Multi30K: Multilingual English-German Image Descriptions},
  author = {Elliott, Desmond and Frank, Stella and Sima'an, Khalil and Specia, Lucia},
  booktitle = {Proceedings of the 5th Workshop on Vision and Language},
  year = {2016},
  pages = {70--74}
}"""


class Multi30k(tfds.core.GeneratorBasedBuilder):
    """29,000 / 1,014 / 1,000 captions of Flickr30k and their German and French translations."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {"1.0.0": "German and English.", "1.1.0": "French too."}  # noqa: RUF012

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=self.__doc__,
            features=tfds.features.FeaturesDict(dict.fromkeys(LANGUAGES, tfds.features.Text())),
            homepage="https://github.com/multi30k/dataset",
            citation=CITATION,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        files = dl_manager.download(
            {
                split: {name: f"{SOURCE}{stem}.{name}.gz" for name in LANGUAGES}
                for split, stem in FILES.items()
            }
        )
        return {split: self._generate_examples(paths) for split, paths in files.items()}

    def _generate_examples(self, paths: dict[str, Path]) -> Iterator[tuple[int, dict[str, str]]]:
        columns = [_lines(Path(paths[name])) for name in LANGUAGES]
        for number, sentences in enumerate(zip(*columns, strict=True)):
            yield number, dict(zip(LANGUAGES, sentences, strict=True))


def _lines(path: Path) -> list[str]:
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    return [line.strip() for line in text.removesuffix("\n").split("\n")]
