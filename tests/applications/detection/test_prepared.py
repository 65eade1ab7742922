"""Boxes of data sets that TFDS prepares are those of the publisher, whatever reads the images."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from dlapps.applications.detection.data import BoxedData, load_boxed
from dlapps.data.batches import ShuffledBatches, in_order
from dlapps.data.sources.catalogue import PUBLISHED, RANDOM_ACCESS
from dlapps.data.sources.published import describe

SIZE = (32, 64)


def example(name, number, has_boxes):
    """A grey image of its number, twice as large as what it is laid into, with two objects."""
    common = {
        "image": np.full((64, 128 - number, 3), 10 * number, np.uint8),
        "image/filename": f"{number}.jpg",
    }
    places = [(0.25, 0.5, 0.5, 0.75), (0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 0.5, 0.75)]
    boxes = [tfds.features.BBox(*place) for place in places] if has_boxes else []
    if name == "voc":
        objects = [
            {"bbox": box, "label": 3, "pose": 0, "is_truncated": False, "is_difficult": row == 1}
            for row, box in enumerate(boxes)
        ]
        return {**common, "objects": objects, "labels": [], "labels_no_difficult": []}
    objects = [
        {"bbox": box, "label": 3, "id": row, "area": 1, "is_crowd": row == 1}
        for row, box in enumerate(boxes)
    ]
    return {**common, "image/id": number, "objects": objects}


@pytest.fixture(params=["voc", "coco"], scope="module")
def data(request, tmp_path_factory):
    name, data_dir = request.param, tmp_path_factory.mktemp(request.param)
    folder = data_dir / RANDOM_ACCESS
    builder = tfds.builder(PUBLISHED[name].builder, data_dir=folder, file_format=RANDOM_ACCESS)

    def made(self, dl_manager):
        def some(first, last, has_boxes=True):
            for number in range(first, last):
                yield number, example(name, number, has_boxes)

        # The boxes of COCO's test split are kept by its publisher.
        test = some(15, 18, has_boxes=name == "voc")
        return {"train": some(0, 10), "validation": some(10, 15), "test": test}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLAPPS_DATA_DIR", str(data_dir))
        assert describe(name) == "would be downloaded"
        patch.setattr(type(builder), "_split_generators", made)
        builder.download_and_prepare()
        assert describe(name) == f"prepared in {builder.data_dir}"
        return name, load_boxed(BoxedData(name=name, image_size=SIZE))


def test_images_and_boxes_belong_together(data):
    name, data = data
    counts = {split: len(data[split]) for split in data.splits}
    if name == "voc":
        assert counts == {"train": 10, "validation": 5, "test": 3}
        assert data.spec.class_names[3] == "boat"
    else:
        assert counts == {"train": 9, "validation": 1, "test": 5}, "validation is tested on"
    assert data.spec.scale == pytest.approx(0.5)
    seen = []
    for split in data.splits.values():
        for columns in in_order(split, 2, dict):
            for row, image in enumerate(columns["image"].numpy()):
                number = int(image[0, 0, 0]) // 10
                seen.append(number)
                assert (columns["scale"][row], image.shape) == (0.5, (*SIZE, 3))
                boxes, classes = columns["boxes"][row].numpy(), columns["classes"][row].numpy()
                # The second does not count, and the third has no area.
                assert classes[classes >= 0].tolist() == [3]
                width = (128 - number) / 2
                expected = [width / 2, 8, 3 * width / 4, 16]
                np.testing.assert_allclose(boxes[0], expected, rtol=1e-6)
        boxes, classes = (split.columns[f"forgiven_{each}"] for each in ("boxes", "classes"))
        assert classes.tolist() == [[3]] * len(split)
        # The left half in the upper half, of an image half as large.
        np.testing.assert_allclose(boxes[:, 0, [0, 1, 3]], [[0, 0, 16]] * len(split))
    assert sorted(seen) == [*range(18 if name == "voc" else 15)]


def test_batches_are_drawn_from_the_disk(data):
    _, data = data
    batches = ShuffledBatches(data["train"], 4, 0, lambda columns, draws: columns)
    batch = next(iter(batches.from_step(1)))
    assert batch["image"].shape == (4, *SIZE, 3)
    assert (batch["classes"].numpy() == 3).any(axis=1).all()
