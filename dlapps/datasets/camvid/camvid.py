"""Street scenes from a driving car: CamVid (Brostow, Fauqueur, Cipolla 2009, "Semantic object
classes in video: a high-definition ground truth database")."""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import tensorflow_datasets as tfds

CLASS_NAMES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign_symbol", "fence", "car",
    "pedestrian", "bicyclist",
)  # fmt: skip
VOID_CLASS = 11
"""The value of the pixels that belong to none of the classes."""
FOLDERS = {"train": "train", "validation": "val", "test": "test"}


class Camvid(tfds.core.GeneratorBasedBuilder):
    """367 / 101 / 233 frames, with the splits and the eleven classes of SegNet's authors.

    `mask` holds the index of `CLASS_NAMES`, and `VOID_CLASS` where nothing is to be told.

    The file wanted is camvid_240x180.tar, which holds the frames of those authors' tutorial resized
    to 240x180 pixels as camvid/SPLIT/NAME.jpg, their masks as camvid/SPLIT_labels/NAME.png, SPLIT
    being train, val or test. It belongs into the folder of raw files: the tutorial offers them at
    480x360, in the archive at the address in checksums.tsv, whose checksum is therefore another.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(180, 240, 3), encoding_format="jpeg"),
            "mask": tfds.features.Image(shape=(180, 240, 1), encoding_format="png"),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        archive = Path(dl_manager.download(next(iter(self.url_infos))))
        return {
            split: self._generate_examples(archive, folder) for split, folder in FOLDERS.items()
        }

    def _generate_examples(self, archive: Path, folder: str) -> Iterator[tuple[str, dict]]:
        with tarfile.open(archive) as files:
            names = [PurePosixPath(name) for name in files.getnames()]
            for name in sorted(path.stem for path in names if path.parts[1:2] == (folder,)):
                image = files.extractfile(f"camvid/{folder}/{name}.jpg")
                mask = files.extractfile(f"camvid/{folder}_labels/{name}.png")
                yield name, {"image": image, "mask": mask}
