"""What tests/test_applications.py needs to know of segmentation."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

SMALL = ["model.filters=2", "data.batch_size=4", "evaluation.batch_size=4"]
ON_VGG = ["model.encoder=vgg16", "model.weights=none"]
SMALL_MODELS = {
    "unet": ["model.depth=1"],
    "segnet": ["model.depth=2"],
    "fcn": ON_VGG,
    "deeplab": [*ON_VGG, "model.pyramid_filters=4", "model.rates=[1, 2]"],
}


def make_files(directory: Path) -> None:
    """Twelve colour images of three sizes, with masks of two levels: which half is bright."""
    random = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (directory / kind).mkdir()
    for number in range(12):
        height, width = 24 + 4 * (number % 3), 40
        levels = np.zeros((height, width), np.uint8)
        levels[: height // 2] = 255
        noise = random.integers(0, 60, (height, width, 3))
        pixels = (noise + 0.7 * levels[..., None]).astype(np.uint8)
        suffix = "jpg" if number % 2 else "png"
        Image.fromarray(pixels).save(directory / "images" / f"{number}.{suffix}")
        Image.fromarray(levels).save(directory / "masks" / f"{number}.png")


def stand_in(config: dict, directory: Path) -> list[str]:
    """The settings that give a config data which a test has."""
    data = config["data"]["name"]
    small = [*SMALL, *SMALL_MODELS[config["model"]["name"]]]
    if data == "mask_folder":
        return [*small, f"data.path={directory}", "data.image_size=[32, 48]"]
    crop = ["data.augmentation.crop=32"] if data in ("isbi2012", "camvid") else []
    return [*small, *crop, "data.name=shapes", "data.num_examples=20"]


def inputs(config: dict, directory: Path) -> list[str]:
    """What is asked of a run on these data: two sizes, two formats."""
    return [f"{directory}/images/0.png", f"{directory}/images/1.jpg"]


def check_metrics(metrics: dict) -> None:
    """Fails where the metrics of a split cannot be."""
    for name in ("mean_iou", "mean_dice", "soft_dice", "pixel_accuracy", "boundary_f1"):
        assert 0 <= metrics[name] <= 1
    assert metrics["mean_iou"] <= metrics["mean_dice"] <= 1
    shares = [scores["share"] for scores in metrics["per_class"].values()]
    assert abs(sum(shares) - 1) < 1e-6


def check_saved_model(saved_model: Path, inputs: list[str], answers: list[dict]) -> None:
    """Fails where a loaded SavedModel answers otherwise than `predict` did."""
    serve = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    served = serve(image_bytes=tf.constant([Path(text).read_bytes() for text in inputs]))
    class_maps, pngs = served["class_map"].numpy(), served["mask_png_bytes"].numpy()
    for text, record, class_map, png in zip(inputs, answers, class_maps, pngs, strict=True):
        with Image.open(text) as image, Image.open(record["overlay"]) as overlay:
            assert overlay.size == image.size
        with Image.open(record["mask"]) as file, Image.open(io.BytesIO(png)) as served_file:
            mask, served_mask = np.asarray(file), np.asarray(served_file)
        assert served_mask.shape == mask.shape
        height, width = mask.shape
        np.testing.assert_array_equal(class_map[:height, :width], served_mask)
        assert (class_map[height:] == -1).all(), "beyond the smaller image there is no class"
        # Where two classes are as good as equal, rounding chooses.
        assert np.mean(served_mask != mask) < 1e-3
        assert abs(sum(record["shares"].values()) - 1) < 1e-6
