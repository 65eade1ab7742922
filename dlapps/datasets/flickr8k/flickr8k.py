"""Photos with five captions each (Hodosh, Young, Hockenmaier 2013, "Framing image description as a
ranking task: data, models and evaluation metrics")."""

import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

SPLITS = ("train", "validation", "test")
FOLDER = "flickr8k"


class Flickr8k(tfds.core.GeneratorBasedBuilder):
    """6,000 / 1,000 / 1,000 photos of people and animals that do something, five captions each.

    The file wanted is flickr8k_128x128.tar, which holds the photos resized to 128x128 pixels as
    flickr8k/images/NAME.jpg, the captions as flickr8k/captions.txt (lines NAME.jpg#I TAB caption)
    and the names of each split's photos as flickr8k/train.txt, validation.txt and test.txt. It
    belongs into the folder of raw files: the authors offered the photos at their own sizes, in the
    archive at the address in checksums.tsv, whose checksum is therefore another.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(128, 128, 3), encoding_format="jpeg"),
            "captions": tfds.features.Sequence(tfds.features.Text()),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="https://hockenmaier.cs.illinois.edu/8k-pictures.html",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        archive = Path(dl_manager.download(next(iter(self.url_infos))))
        return {split: self._generate_examples(archive, split) for split in SPLITS}

    def _generate_examples(self, archive: Path, split: str) -> Iterator[tuple[str, dict]]:
        with tarfile.open(archive) as files:
            captions = _captions(_lines(files, "captions.txt"))
            for name in _lines(files, f"{split}.txt"):
                image = files.extractfile(f"{FOLDER}/images/{name}")
                yield name, {"image": image, "captions": captions[name]}


def _captions(lines: list[str]) -> dict[str, list[str]]:
    """The captions of each photo, in their order."""
    captions = defaultdict(list)
    for line in lines:
        place, caption = line.split("\t")
        captions[place.rpartition("#")[0]].append(caption)
    return captions


def _lines(files: tarfile.TarFile, name: str) -> list[str]:
    file = files.extractfile(f"{FOLDER}/{name}")
    assert file is not None, "it is a file"
    return file.read().decode("utf-8").splitlines()
