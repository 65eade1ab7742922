"""The Wall Street Journal of the Penn Treebank (Marcus et al. 1993), its 10,000 commonest words as
Mikolov prepared them for language models."""

import tarfile

import tensorflow_datasets as tfds

FILES = {"train": "train", "validation": "valid", "test": "test"}


class Ptb(tfds.core.GeneratorBasedBuilder):
    """929,589 / 73,760 / 82,430 words, the ends of lines counted; each split is one text.

    Words are in lower case and stand between spaces, without punctuation; numbers are N and rare
    words <unk>.

    The file wanted is ptb_simple-examples_data.tar.xz, which holds simple-examples/data/ with
    ptb.train.txt, ptb.valid.txt and ptb.test.txt. It belongs into the folder of raw files: what is
    at the address in checksums.tsv holds the same files beside others, and its checksum is another.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
            homepage="https://catalog.ldc.upenn.edu/LDC99T42",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict:
        archive = dl_manager.download(next(iter(self.url_infos)))
        return {split: self._generate_examples(archive, name) for split, name in FILES.items()}

    def _generate_examples(self, archive, name):
        with tarfile.open(archive) as files:
            member = files.extractfile(f"simple-examples/data/ptb.{name}.txt")
            assert member is not None, "the archive's checksum was compared"
            yield 0, {"text": member.read().decode("utf-8")}
