"""Spelled names, numbers and commands, recorded at Carnegie Mellon University (Acero 1993,
"Acoustical and environmental robustness in automatic speech recognition")."""

import io
import re
import tarfile
from collections.abc import Iterator

import numpy as np
import soundfile
import tensorflow_datasets as tfds

FOLDER = "an4"
LINE = re.compile(r"(?:<s> )?(?P<transcript>.*?)(?: </s>)? \(\S+\)")


class An4(tfds.core.GeneratorBasedBuilder):
    """948 / 130 utterances of 74 and of 10 other speakers, at 16 kHz, in capital letters.

    The file wanted is an4_flac.tar, which holds the utterances as FLAC, an4/wav/PLACE.flac, the
    places as an4/etc/an4_train.fileids and an4_test.fileids, and what is said in each, line by line
    like these, as an4/etc/an4_train.transcription and an4_test.transcription. It belongs into the
    folder of raw files: what is at the address in checksums.tsv holds the same utterances as SPHERE
    files, and its checksum is another.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16),
            "transcript": tfds.features.Text(),
            "speaker": tfds.features.Text(),
            "name": tfds.features.Text(),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="http://www.speech.cs.cmu.edu/databases/an4/",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        archive = dl_manager.download(next(iter(self.url_infos)))
        return {split: self._generate_examples(archive, split) for split in ("train", "test")}

    def _generate_examples(self, archive, split: str) -> Iterator[tuple[str, dict]]:
        with tarfile.open(archive) as files:
            places = _read(files, f"etc/an4_{split}.fileids").decode().split()
            lines = _read(files, f"etc/an4_{split}.transcription").decode().splitlines()
            for place, line in zip(places, lines, strict=True):
                said = LINE.fullmatch(line.strip())
                _, speaker, name = place.split("/")
                assert said is not None, "the archive's checksum was compared"
                audio, _ = soundfile.read(
                    io.BytesIO(_read(files, f"wav/{place}.flac")), dtype="int16"
                )
                transcript = said["transcript"].strip()
                yield name, {
                    "audio": audio, "transcript": transcript, "speaker": speaker, "name": name,
                }  # fmt: skip


def _read(files: tarfile.TarFile, name: str) -> bytes:
    file = files.extractfile(f"{FOLDER}/{name}")
    assert file is not None, "the archive's checksum was compared"
    return file.read()
