"""A folder's images find their class and split, always the same way, or the folder is refused."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dlapps.data.sources.folders import IMAGES, RECORDINGS, scan_class_folders
from dlapps.errors import UsageError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def numbered(folder: str, count: int) -> list[str]:
    return [f"{folder}/{number:03}.png" for number in range(count)]


def counts(folder) -> dict[str, list[int]]:
    """Returns the number of images of each class in each split."""
    return {
        split: [Counter(label for _, label in examples)[i] for i in range(len(folder.class_names))]
        for split, examples in folder.splits.items()
    }


def test_without_split_folders_each_class_is_split_80_10_10(tmp_path):
    touch(tmp_path, *numbered("dog", 50), *numbered("cat", 20), *numbered("eel", 3))
    folder = scan_class_folders(tmp_path, IMAGES)
    assert folder.class_names == ("cat", "dog", "eel")
    assert counts(folder) == {"train": [16, 40, 1], "validation": [2, 5, 1], "test": [2, 5, 1]}
    files = [file for examples in folder.splits.values() for file, _ in examples]
    assert len(set(files)) == 73, "every image is in one split only"
    assert all(
        file.parent.name == folder.class_names[label]
        for examples in folder.splits.values()
        for file, label in examples
    )
    test_dogs = [int(file.stem) for file, label in folder.splits["test"] if label == 1]
    assert np.diff(test_dogs).max() > 1, "chosen from all over the names, not one stretch"


def test_the_split_depends_on_the_names_alone(tmp_path):
    names = numbered("a", 15) + numbered("b", 15)
    one = scan_class_folders(touch(tmp_path / "one", *names), IMAGES)
    two = scan_class_folders(touch(tmp_path / "two", *reversed(names)), IMAGES)
    for split in one.splits:
        assert [file.relative_to(tmp_path / "one") for file, _ in one.splits[split]] == [
            file.relative_to(tmp_path / "two") for file, _ in two.splits[split]
        ]


def test_a_class_too_small_to_split_stays_in_train(tmp_path):
    touch(tmp_path, *numbered("a", 10), *numbered("b", 2))
    assert counts(scan_class_folders(tmp_path, IMAGES)) == {
        "train": [8, 2],
        "validation": [1, 0],
        "test": [1, 0],
    }


def test_classes_too_small_to_learn_from_are_named(tmp_path, caplog):
    touch(tmp_path, *numbered("dog", 50), *numbered("cat", 5), *numbered("eel", 4))
    scan_class_folders(tmp_path, IMAGES)
    (warning,) = caplog.messages
    assert warning.startswith("1 of 3 classes in ")
    assert warning.endswith("have fewer than 5 training images, too few to learn from: eel (4)")


@pytest.mark.parametrize("validation", ["validation", "val", "valid", "Val"])
def test_split_folders_are_kept_as_they_are(tmp_path, validation):
    for split in ("train", validation, "test"):
        touch(tmp_path, *numbered(f"{split}/a", 4), *numbered(f"{split}/b", 2))
    folder = scan_class_folders(tmp_path, IMAGES)
    assert counts(folder) == {"train": [4, 2], "validation": [4, 2], "test": [4, 2]}
    assert all(file.parts[-3] == validation for file, _ in folder.splits["validation"])


def test_a_missing_validation_is_carved_from_train_and_test_stays_whole(tmp_path):
    for split in ("train", "test"):
        touch(tmp_path, *numbered(f"{split}/a", 30), *numbered(f"{split}/b", 20))
    folder = scan_class_folders(tmp_path, IMAGES)
    assert counts(folder) == {"train": [27, 18], "validation": [3, 2], "test": [30, 20]}
    assert all(file.parts[-3] == "train" for file, _ in folder.splits["validation"])


def test_train_alone_gives_all_three(tmp_path):
    touch(tmp_path, *numbered("train/a", 10), *numbered("train/b", 10))
    assert counts(scan_class_folders(tmp_path, IMAGES)) == {
        "train": [8, 8],
        "validation": [1, 1],
        "test": [1, 1],
    }


def test_suffixes_in_capitals_and_deeper_files_count_and_other_files_do_not(tmp_path):
    touch(tmp_path, "a/1.PNG", "a/deep/er/2.JpEg", "a/3.gif", "a/4.bmp", "a/notes.txt", "a/._5.png")
    touch(tmp_path, *numbered("b", 3), ".git/6.png", "__MACOSX/7.png", "README.md")
    folder = scan_class_folders(tmp_path, IMAGES)
    assert folder.class_names == ("a", "b")
    names = {file.name for examples in folder.splits.values() for file, _ in examples}
    assert names == {"1.PNG", "2.JpEg", "3.gif", "4.bmp", "000.png", "001.png", "002.png"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no class folder with images. Expected is one folder a class"),
        (["1.png", "2.png"], "no class folder with images. Expected is"),
        (["a/1.txt", "b/2.txt"], "no class folder with images. Expected is"),
        ([*numbered("a", 3), "b/notes.txt"], r"no image .* in .*/b: "),
        (["animals/cat/1.png", "animals/dog/2.png"], "one class only, animals"),
        (numbered("a", 2) + numbered("b", 2), "too few images to set some aside"),
        (numbered("test/a", 3) + numbered("val/a", 3), "test, val but no train"),
        (numbered("train/a", 3) + numbered("train/b", 3) + ["extra/c/1.png"], "extra stands"),
        (["train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"], "are both the"),
        (
            numbered("train/a", 3) + numbered("train/b", 3) + ["test/a/1.png", "test/c/1.png"],
            r"class c is in .*test but not in .*train",
        ),
        (
            numbered("train/a", 3)
            + numbered("train/b", 3)
            + numbered("train/c", 3)
            + ["test/a/1.png", "test/b/1.png"],
            r"class c is in .*train but not in .*test",
        ),
    ],
)
def test_a_wrong_layout_is_refused_by_name(tmp_path, names, message):
    with pytest.raises(UsageError, match=message):
        scan_class_folders(touch(tmp_path, *names), IMAGES)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"absent does not exist"):
        scan_class_folders(tmp_path / "absent", IMAGES)


def test_recordings_are_found_by_their_own_suffix_and_named_in_errors(tmp_path):
    touch(tmp_path, *[f"{name}/{number}.wav" for name in ("no", "yes") for number in range(3)])
    touch(tmp_path, "no/picture.png", "yes/LOUD.WAV", "no/4.flac", "yes/5.ogg", "no/6.mp3")
    folder = scan_class_folders(tmp_path, RECORDINGS)
    assert folder.class_names == ("no", "yes")
    assert sum(len(examples) for examples in folder.splits.values()) == 10
    touch(tmp_path, "maybe/notes.txt")
    with pytest.raises(
        UsageError, match=r"no recording \(\.wav, \.flac, \.ogg, \.mp3\) in .*maybe: add recordings"
    ):
        scan_class_folders(tmp_path, RECORDINGS)


def test_images_in_a_format_that_is_not_read_are_counted_and_named(tmp_path, caplog):
    touch(tmp_path, *numbered("a", 4), *numbered("b", 4), "a/x.tif", "b/y.TIFF")
    folder = scan_class_folders(tmp_path, IMAGES)
    assert sum(len(examples) for examples in folder.splits.values()) == 8
    assert "2 images are left out" in caplog.text
    assert str(tmp_path / "b/y.TIFF") in caplog.text
