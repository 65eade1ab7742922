"""Folds and lists of faulty examples take the right ones out, whatever is taken out besides."""

import numpy as np
import pytest
from PIL import Image

from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.data.selection import (
    LEFT_OUT,
    Fold,
    data_fingerprint,
    fold_numbers,
    list_text,
    read_list,
    without_fold,
    without_listed,
)
from dlapps.data.splits import Data, Examples, numbered
from dlapps.errors import UsageError


@pytest.fixture
def data() -> Data:
    """Ten examples of two classes to learn from, two and two held out."""
    everything = Examples(
        {"x": np.arange(14), "label": np.arange(14) % 2}, names=numbered("all", 14)
    )
    return Data(
        {"train": everything[:10], "validation": everything[10:12], "test": everything[12:]}, None
    )


def names(examples: Examples) -> list[str]:
    return [name.decode() for name in examples.names]


def test_folds_are_drawn_by_the_seed_and_of_one_size():
    numbers = fold_numbers(10, 3, seed=0)
    assert numbers.tolist() == [2, 1, 0, 1, 2, 0, 2, 0, 1, 0]
    assert fold_numbers(10, 3, seed=1).tolist() != numbers.tolist()
    assert np.bincount(fold_numbers(1001, 5, seed=7)).tolist() == [201, 200, 200, 200, 200]


def test_each_example_is_left_out_once(data):
    folds = [without_fold(data, Fold(number=number, of=3)) for number in range(3)]
    left_out = [name for each in folds for name in names(each[LEFT_OUT])]
    assert sorted(left_out) == sorted(names(data["train"]))
    for each in folds:
        assert sorted(names(each["train"]) + names(each[LEFT_OUT])) == sorted(names(data["train"]))
        assert each["test"] is data["test"]


def test_more_folds_than_examples_are_refused(data):
    with pytest.raises(UsageError, match="10 examples to learn from cannot fall into 11 folds"):
        without_fold(data, Fold(number=0, of=11))


def test_what_is_listed_is_left_out_of_whichever_split(data, tmp_path):
    rows = [{"example": f"all/{number}", "given": "a, or b"} for number in (3, 11)]
    path = tmp_path / "faulty.csv"
    path.write_bytes(list_text(rows, ["example", "given"], data_fingerprint(data)))
    cleaned = without_listed(data, path)
    assert names(cleaned["train"]) == [f"all/{number}" for number in range(10) if number != 3]
    assert cleaned["train"].columns["x"].tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert names(cleaned["validation"]) == ["all/10"]
    assert names(cleaned["test"]) == ["all/12", "all/13"]


def test_a_list_may_be_written_by_hand(data, tmp_path):
    path = tmp_path / "faulty.txt"
    path.write_text("# what I found\n\nall/3\nall/4,too dark\n")
    assert len(without_listed(data, path)["train"]) == 8


def test_any_file_name_is_read_as_it_was_written(tmp_path):
    strange = [b'a/1, "2".png', b"a/\xff.png", b" b/leading.png", "ä/\u2028.png".encode()]
    path = tmp_path / "list.csv"
    path.write_bytes(
        list_text(
            [{"example": name.decode(errors="surrogateescape")} for name in strange],
            ["example"],
            "",
        )
    )
    assert [*read_list(path).lines] == strange


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("example\nall/1\nall/99\n", "line 3 of .* names all/99, no example of these data"),
        ("# data 0123\nall/1\n", "is a list for other data than these"),
        ('example\n"all/1\n', "line 2 of .* is not CSV"),
        ("all/10\nall/11\n", "leaves no example in the validation split"),
        ("".join(f"all/{number}\n" for number in (1, 3, 5, 7, 9)), "to learn class number 1"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_these_examples_is_refused(data, tmp_path, text, named):
    path = tmp_path / "faulty.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=named):
        without_listed(data, path)


def test_a_missing_list_is_refused(data, tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        without_listed(data, tmp_path / "none.csv")


def test_names_mean_the_same_whatever_is_taken_out_besides(tmp_path):
    everything = load_labelled(LabelledData(name="digits"))
    path = tmp_path / "faulty.csv"
    listed = names(everything["train"])[:2]
    path.write_bytes(
        list_text([{"example": name} for name in listed], ["example"], data_fingerprint(everything))
    )
    settings = LabelledData(
        name="digits", exclude=path, num_train=1000, left_out=Fold(number=1, of=4)
    )
    data = load_labelled(settings)
    assert (len(data["train"]), len(data[LEFT_OUT])) == (750, 250)
    kept = {*names(data["train"]), *names(data[LEFT_OUT])}
    assert not kept & {*listed}
    by_name = dict(zip(names(everything["train"]), everything["train"].columns["image"]))
    for name, image in zip(names(data["train"]), data["train"].columns["image"]):
        np.testing.assert_array_equal(image, by_name[name])


def test_files_are_named_from_their_folder_on(tmp_path):
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        for number in range(12):
            image = Image.new("L", (4, 4), number)
            image.save(tmp_path / kind / f"{number}.png")
    (tmp_path / "cat" / "0.png").write_bytes(b"broken")
    path = tmp_path / "faulty.txt"
    path.write_text("cat/5.png\n")
    data = load_labelled(LabelledData(name="image_folder", path=tmp_path))
    cleaned = load_labelled(LabelledData(name="image_folder", path=tmp_path, exclude=path))
    for split in ("train", "validation", "test"):
        assert names(cleaned[split]) == [name for name in names(data[split]) if name != "cat/5.png"]
        for name, image in zip(names(cleaned[split]), cleaned[split].columns["image"]):
            assert image.max() == int(name.split("/")[1].removesuffix(".png"))
