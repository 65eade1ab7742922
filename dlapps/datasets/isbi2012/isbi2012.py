"""Neuronal membranes in electron microscopy: the ISBI 2012 challenge (Arganda-Carreras et al.
2015, "Crowdsourcing the creation of image segmentation algorithms for connectomics")."""

import io
import zipfile

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

NUM_SECTIONS = 30
TEST_SECTIONS = tuple(range(4, NUM_SECTIONS, 5))
"""Every fifth section, counted from 0: the challenge published no masks of its own test stack."""


class Isbi2012(tfds.core.GeneratorBasedBuilder):
    """The challenge's training stack, 30 sections of a fruit fly larva's nerve cord.

    24 sections are for training and 6, `TEST_SECTIONS`, for testing. `image` is grey, `mask` holds
    0 where there is membrane and 1 inside a cell.

    The file wanted is isbi2012_train.zip, which holds that stack as isbi2012/image/N.png and
    isbi2012/label/N.png, N from 0 to 29. It belongs into the folder of raw files: the organizers
    offer the same sections as TIFF stacks, train-volume.tif and train-labels.tif, in the archive
    at the address in checksums.tsv, whose checksum is therefore another.
    """

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(512, 512, 1)),
            "mask": tfds.features.Image(shape=(512, 512, 1)),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="https://imagej.net/events/isbi-2012-segmentation-challenge",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict:
        archive = dl_manager.download(next(iter(self.url_infos)))
        train = [number for number in range(NUM_SECTIONS) if number not in TEST_SECTIONS]
        return {
            "train": self._generate_examples(archive, train),
            "test": self._generate_examples(archive, TEST_SECTIONS),
        }

    def _generate_examples(self, archive, sections):
        with zipfile.ZipFile(archive) as files:
            for number in sections:
                image, label = (
                    np.array(Image.open(io.BytesIO(files.read(f"isbi2012/{kind}/{number}.png"))))
                    for kind in ("image", "label")
                )
                mask = (label > 127).astype(np.uint8)
                yield number, {"image": image[..., None], "mask": mask[..., None]}
