"""A user's images and masks become arrays; what does not fit together is named."""

import logging

import numpy as np
import pytest
from PIL import Image

from dlapps.applications.segmentation.mask_folder import load_mask_folder
from dlapps.applications.segmentation.mask_pairs import scan_mask_folder
from dlapps.errors import UsageError

SIZE = (6, 8)


def save(path, pixels, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels, np.uint8), "P" if palette else None)
    if palette:
        image.putpalette(palette)
    image.save(path)


def add_pair(folder, name, mask, size=SIZE):
    """An image whose every pixel has its own number as value, and the mask."""
    save(folder / "images" / f"{name}.png", np.full(size, int(name) % 256))
    save(folder / "masks" / f"{name}.png", np.broadcast_to(np.asarray(mask, np.uint8), size))


HALF = np.repeat([[0], [0], [0], [255], [255], [255]], 8, axis=1)


@pytest.fixture
def folder(tmp_path):
    """Twenty pairs; each mask is 0 above and 255 below."""
    for number in range(20):
        add_pair(tmp_path, number, HALF)
    return tmp_path


def test_every_pair_arrives_once_with_its_mask(folder):
    splits, channels, names, resized_to = load_mask_folder(folder)
    assert (channels, names, resized_to) == (1, ("class 0", "class 255"), None)
    assert {split: len(columns["mask"]) for split, columns in splits.items()} == {
        "train": 16, "validation": 2, "test": 2,
    }  # fmt: skip
    seen = []
    for columns in splits.values():
        assert columns["image"].shape[1:] == (*SIZE, 1)
        assert columns["image"].dtype == columns["mask"].dtype == np.uint8
        np.testing.assert_array_equal(
            columns["mask"], (HALF > 0)[None].repeat(len(columns["mask"]), 0)
        )
        seen += columns["image"][:, 0, 0, 0].tolist()
    assert sorted(seen) == [*range(20)]
    again = load_mask_folder(folder).splits["test"]["image"]
    np.testing.assert_array_equal(splits["test"]["image"], again)


def test_split_folders_are_kept_apart(tmp_path):
    for index, split in enumerate(("train", "val", "test")):
        for number in range(2):
            add_pair(tmp_path / split, 10 * index + number, HALF)
    splits = load_mask_folder(tmp_path).splits
    shades = {split: columns["image"][:, 0, 0, 0].tolist() for split, columns in splits.items()}
    assert shades == {"train": [0, 1], "validation": [10, 11], "test": [20, 21]}


def test_masks_may_be_indices_with_a_palette(tmp_path):
    palette = [0, 0, 0, 200, 30, 30, 30, 200, 30]
    mask = np.zeros(SIZE, np.uint8)
    mask[:, 4:] = 2
    for number in range(4):
        add_pair(tmp_path, number, 0)
        save(tmp_path / "masks" / f"{number}.png", mask, palette)
    names = ("ground", "car", "tree")
    splits, _, class_names, _ = load_mask_folder(tmp_path, class_names=names)
    assert class_names == names
    np.testing.assert_array_equal(splits["train"]["mask"][0], mask)


def test_void_and_the_order_of_values_are_as_told(tmp_path):
    mask = np.zeros(SIZE, np.uint8)
    mask[:, 2:5], mask[:, 5:] = 128, 9
    for number in range(4):
        add_pair(tmp_path, number, mask)
    splits = load_mask_folder(tmp_path, mask_values=(128, 0), void_value=9).splits
    np.testing.assert_array_equal(splits["train"]["mask"][0, 0], [1, 1, 0, 0, 0, 255, 255, 255])


RED, GREEN = (255, 0, 0), (0, 128, 0)


def add_colours(folder, number, *colours, size=SIZE):
    """An image, and its mask in as many equal columns as there are colours."""
    add_pair(folder, number, 0)
    columns = np.repeat(np.array(colours), size[1] // len(colours), axis=0)
    save(folder / "masks" / f"{number}.png", np.broadcast_to(columns, (*size, 3)))


def test_masks_may_be_in_colours(tmp_path):
    for number in range(4):
        add_colours(tmp_path, number, (0, 0, 0), RED, GREEN, RED)
    splits, _, names, _ = load_mask_folder(tmp_path)
    assert names == ("class #000000", "class #008000", "class #ff0000")
    np.testing.assert_array_equal(splits["train"]["mask"][0, 0], [0, 0, 2, 2, 1, 1, 2, 2])
    told = load_mask_folder(
        tmp_path, None, "auto", ("red", "ground"), ("#FF0000", "#000000"), "#008000"
    )
    assert told.class_names == ("red", "ground")
    np.testing.assert_array_equal(told.splits["train"]["mask"][0, 0], [1, 1, 0, 0, 255, 255, 0, 0])


def test_broken_files_among_masks_in_colours_are_named_once(tmp_path, caplog):
    for number in range(5):
        add_colours(tmp_path, number, (0, 0, 0), RED)
    (tmp_path / "images/3.png").write_bytes(b"no image")
    with caplog.at_level(logging.WARNING):
        splits = load_mask_folder(tmp_path).splits
    assert sum(len(columns["mask"]) for columns in splits.values()) == 4
    (message,) = [record.getMessage() for record in caplog.records]
    assert f"{tmp_path}/images/3.png" in message


def test_a_mask_without_colour_among_those_with_is_read_as_black_and_white(tmp_path):
    for number in range(4):
        add_colours(tmp_path, number, (0, 0, 0), RED)
    add_colours(tmp_path, 4, (0, 0, 0))
    names = load_mask_folder(tmp_path).class_names
    assert names == ("class #000000", "class #ff0000")
    add_pair(tmp_path, 5, 0)
    with pytest.raises(UsageError, match=r"masks/5\.png is not\. Where both are right"):
        load_mask_folder(tmp_path)
    splits = load_mask_folder(tmp_path, mask_values=("#000000", "#ff0000")).splits
    assert sum(len(columns["mask"]) for columns in splits.values()) == 6


def test_a_colour_that_is_no_class_is_named_with_its_file(tmp_path):
    for number in range(4):
        add_colours(tmp_path, number, (0, 0, 0), RED)
    add_colours(tmp_path, 2, GREEN)
    with pytest.raises(UsageError, match=r"masks/2.png holds the value #008000.*#000000, #ff0000"):
        load_mask_folder(tmp_path, mask_values=("#000000", "#ff0000"))
    with pytest.raises(UsageError, match=r"colours #000000, #008000, #ff0000, in no order"):
        load_mask_folder(tmp_path, class_names=("ground", "tree", "car"))


def test_masks_are_resized_without_new_values(tmp_path):
    for number in range(4):
        add_pair(tmp_path, number, np.repeat([[0], [200]], 8, axis=1), (2, 8))
    splits, _, _, resized_to = load_mask_folder(tmp_path, (9, 5), channels=3)
    assert resized_to == (9, 5)
    assert splits["train"]["image"].shape[1:] == (9, 5, 3)
    assert set(np.unique(splits["train"]["mask"])) == {0, 1}


def test_images_of_several_sizes_are_made_alike(folder):
    add_pair(folder, 20, 255, (10, 4))
    splits, _, _, resized_to = load_mask_folder(folder)
    assert resized_to == (256, 256)
    assert splits["train"]["mask"].shape[1:] == (256, 256)


def test_broken_files_are_left_out_and_named(folder, caplog):
    (folder / "images/3.png").write_bytes(b"\x89PNG broken")
    (folder / "masks/5.png").write_bytes(b"no image")
    shorten_a_chunk(folder / "images/7.png", b"IHDR", 1)
    shorten_a_chunk(folder / "masks/9.png", b"IDAT", 16)
    with caplog.at_level(logging.WARNING):
        splits = load_mask_folder(folder).splits
    assert sum(len(columns["mask"]) for columns in splits.values()) == 16
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("4 of 40 images cannot be decoded")
    for name in ("images/3.png", "images/7.png", "masks/5.png", "masks/9.png"):
        assert f"{folder}/{name}" in message


def shorten_a_chunk(file, chunk, bit):
    """Flips a bit in the length of one chunk of a PNG file; the next one begins in its middle."""
    contents = bytearray(file.read_bytes())
    contents[contents.index(chunk) - 1] ^= bit
    file.write_bytes(contents)


def break_size(folder):
    save(folder / "masks/7.png", HALF[:4])


def break_pairs(folder):
    (folder / "masks/7.png").unlink()


def break_pairs_the_other_way(folder):
    (folder / "images/7.png").unlink()


def break_names(folder):
    save(folder / "images/7.jpg", HALF)


def break_colours(folder):
    save(folder / "masks/7.png", np.random.default_rng(0).integers(0, 255, (*SIZE, 3)))


def empty(folder):
    for file in (folder / "images").iterdir():
        file.unlink()


def remove_both(folder):
    for kind in ("images", "masks"):
        (folder / kind).rename(folder / f"old {kind}")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (break_size, r"mask .*masks/7.png is 4x8 .* image .*images/7.png is 6x8"),
        (break_pairs, r"image .*images/7.png has no mask: there is no 7.png in .*masks"),
        (break_pairs_the_other_way, r"mask .*masks/7.png has no image"),
        (break_names, r"images/7.jpg and .*images/7.png have one name"),
        (break_colours, r"mask .*masks/7.png is in colours, but .*masks/.*png is not"),
        (empty, r"There is no file .* in .*images. Expected"),
        (remove_both, r"no images and masks in .* Expected"),
    ],
)
def test_what_does_not_fit_together_is_named(folder, break_it, message):
    break_it(folder)
    with pytest.raises(UsageError, match=message):
        load_mask_folder(folder)


def test_a_value_that_is_no_class_is_named_with_its_file(folder):
    mask = HALF.copy()
    mask[0, 0] = 7
    add_pair(folder, 11, mask)
    with pytest.raises(UsageError, match=r"masks/11.png holds the value 7.* have 0, 255"):
        load_mask_folder(folder, mask_values=(0, 255))
    with pytest.raises(UsageError, match=r"values 0, 7, 255, but data.class_names has 2 names"):
        load_mask_folder(folder, class_names=("ground", "tree"))


def test_masks_of_one_class_or_of_too_many_are_refused(tmp_path):
    for number in range(4):
        add_pair(tmp_path, number, 3)
    with pytest.raises(UsageError, match="one value only, 3"):
        load_mask_folder(tmp_path)
    add_pair(tmp_path, 0, np.arange(100).reshape(10, 10), (10, 10))
    with pytest.raises(UsageError, match=r"100 different values.*without loss"):
        load_mask_folder(tmp_path)


@pytest.mark.parametrize("class_names", [None, ("ground", "tree")])
def test_masks_that_are_void_everywhere_are_refused(tmp_path, class_names):
    for number in range(4):
        add_pair(tmp_path, number, 9)
    with pytest.raises(UsageError, match=r"data\.void_value"):
        load_mask_folder(tmp_path, class_names=class_names, void_value=9)


def test_too_few_and_nothing_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        scan_mask_folder(tmp_path / "nowhere")
    for number in range(2):
        add_pair(tmp_path, number, HALF)
    with pytest.raises(UsageError, match="2 images with masks, too few"):
        scan_mask_folder(tmp_path)
