"""Images that TFDS prepared are read one by one, as they would be from memory."""

import json
from pathlib import Path

import numpy as np
import pydantic
import pytest
import tensorflow_datasets as tfds

from dlapps.applications.classification.data import labels_of
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.errors import UsageError


class Patches(tfds.core.GeneratorBasedBuilder):
    """Sixty images of their own number, of two sizes where asked."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = Path(__file__).parent

    def __init__(self, *, shape=(4, 5, 3), label=None, **options):
        self.shape, self.label = shape, label or tfds.features.ClassLabel(names=["odd", "even"])
        super().__init__(**options)

    def _info(self):
        features = {"image": tfds.features.Image(shape=self.shape), "label": self.label}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
        )

    def _split_generators(self, dl_manager):
        return {
            "train": self._generate_examples(0, 60),
            "validation": self._generate_examples(60, 80),
        }

    def _generate_examples(self, first, last):
        for number in range(first, last):
            shape = [side or 4 + number % 2 for side in self.shape]
            yield number, {"image": np.full(shape, number, np.uint8), "label": number % 2}


def prepare(directory: Path, file_format: str = "array_record", **options) -> Path:
    builder = Patches(data_dir=directory, file_format=file_format, **options)
    builder.download_and_prepare()
    return Path(builder.data_dir)


@pytest.fixture(scope="module")
def patches(tmp_path_factory) -> Path:
    return prepare(tmp_path_factory.mktemp("patches"))


def settings(path: Path, **more) -> LabelledData:
    return LabelledData(name="tfds", path=path, **more)


def test_every_example_is_read_with_its_label(patches):
    data = load_labelled(settings(patches))
    assert data.spec.class_names == ("odd", "even")
    assert data.spec.input_shape == (4, 5, 3)
    assert {name: len(data[name]) for name in data.splits} == {
        "train": 54, "validation": 6, "test": 20
    }  # fmt: skip
    (test,) = in_order(data["test"], 20, lambda columns: columns)
    numbers = test["image"][:, 0, 0, 0].numpy()
    assert sorted(numbers) == [*range(60, 80)]
    np.testing.assert_array_equal(test["label"], numbers % 2)
    np.testing.assert_array_equal(labels_of(data["test"]), numbers % 2)


def test_an_epoch_holds_each_once_and_any_batch_can_be_had_at_once(patches):
    train = load_labelled(settings(patches))["train"]
    batches = ShuffledBatches(train, 9, 0, lambda columns, draws: columns["image"][:, 0, 0, 0])
    epoch = [batch.numpy() for batch in batches.from_step(0).take(6)]
    assert len({*np.concatenate(epoch)}) == 54
    (fourth,) = batches.from_step(3).take(1)
    np.testing.assert_array_equal(fourth, epoch[3])


def test_images_of_several_sizes_are_resized_to_the_one_that_was_asked_for(tmp_path):
    path = prepare(tmp_path, shape=(None, None, 3))
    with pytest.raises(UsageError, match=r"differ in size: say with data\.image_size"):
        load_labelled(settings(path))
    data = load_labelled(settings(path, image_size=(8, 8), channels=1))
    (batch,) = in_order(data["test"], 20, lambda columns: columns["image"])
    assert batch.shape == (20, 8, 8, 1)


def test_other_data_have_another_fingerprint(patches, tmp_path):
    one, same, other = (
        load_labelled(settings(path)).fingerprints()
        for path in (
            patches,
            prepare(tmp_path / "same"),
            prepare(tmp_path / "other", shape=(4, 4, 3)),
        )
    )
    assert one == same
    assert all(one[split] != other[split] for split in one)


def test_what_cannot_be_read_at_random_is_refused(tmp_path):
    with pytest.raises(UsageError, match="prepared as tfrecord, which can only be read from its"):
        load_labelled(settings(prepare(tmp_path, "tfrecord")))


def test_what_has_no_labels_is_refused(tmp_path):
    with pytest.raises(UsageError, match="one label each; its features are image, label"):
        load_labelled(settings(prepare(tmp_path, label=tfds.features.Scalar(np.int32))))


def test_a_folder_that_holds_no_data_set_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no data set that TFDS prepared: it has no dataset_info"):
        load_labelled(settings(tmp_path))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"name": 3}))
    with pytest.raises(UsageError, match="no data set that TFDS can read"):
        load_labelled(settings(tmp_path))


def test_a_split_that_is_not_there_is_refused(patches):
    with pytest.raises(UsageError, match="patches has no split 'tset'"):
        load_labelled(settings(patches, test_split="tset"))


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        ("minst:3.0.1", "no data set 'minst'; did you mean mnist"),
        ("mnist:9.9.9", "data.builder cannot be"),
    ],
)
def test_an_unknown_builder_is_refused(builder, message, tmp_path, monkeypatch):
    monkeypatch.setenv("DLAPPS_DATA_DIR", str(tmp_path))
    with pytest.raises(UsageError, match=message):
        load_labelled(LabelledData(name="tfds", builder=builder))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "tfds"},
        {"name": "tfds", "builder": "mnist:3.0.1", "path": "here"},
        {"name": "digits", "builder": "mnist:3.0.1"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError, match=r"data\.builder"):
        LabelledData(**wrong)
