"""A table of one's own points: what is read of it, and what is refused by its line."""

import numpy as np
import pytest

from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.data.sources.point_file import load_point_file
from dlapps.errors import UsageError


@pytest.fixture
def table(tmp_path):
    """Writes a table and returns its path."""

    def write(text: str | bytes):
        path = tmp_path / "points.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def rows(name: str, count: int) -> str:
    return "".join(f"{index},{-index / 8},{name}\n" for index in range(count))


def test_each_point_is_in_one_split_with_its_class(table):
    path = table("x,y,class\n" + rows("red", 40) + "\n" + rows('"blue, pale"', 3))
    data = load_labelled(LabelledData(name="point_file", path=path))
    assert data.spec.class_names == ("blue, pale", "red")
    assert data.spec.input_shape == (2,)
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 33, "validation": 5, "test": 5,
    }  # fmt: skip
    found = {
        (*point, label)
        for split in data.splits.values()
        for point, label in zip(split.columns["point"].tolist(), split.columns["label"].tolist())
    }
    assert found == {(i, -i / 8, 1) for i in range(40)} | {(i, -i / 8, 0) for i in range(3)}
    for split in data.splits.values():
        assert split.columns["point"].dtype == np.float32
        assert set(split.columns["label"].tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: it is the header, and must be x,y,class"),
        ("a,b,c\n", "line 1: it is the header"),
        ("x,y,class\n1,2,a\n1,two,a\n", "line 3: it has coordinates that are no numbers: 1,two,a"),
        ("x,y,class\n1,2\n", "line 2: it is not x,y,class"),
        ("x,y,class\n1,2, \n", "line 2: it is not x,y,class"),
        ("x,y,class\n1,nan,a\n", "line 2: it has a coordinate beyond"),
        ("x,y,class\n1,1e300,a\n", "line 2: it has a coordinate beyond"),
        ('x,y,class\n1,2,"a\n', "line 2"),
        ("x,y,class\n" + rows("a", 5), "1 classes"),
        ("x,y,class\n" + rows("a", 5) + rows("b", 2), "2 points of class b; at least 3"),
        (b"\xff\xfe", "no text file"),
    ],
)
def test_what_is_no_table_of_points_is_refused(table, text, said):
    with pytest.raises(UsageError) as refused:
        load_point_file(table(text))
    assert said in str(refused.value)


def test_a_path_is_asked_for_and_must_be_there(tmp_path):
    with pytest.raises(ValueError, match=r"data\.path"):
        LabelledData(name="point_file")
    with pytest.raises(UsageError, match="no text file"):
        load_point_file(tmp_path / "nowhere.csv")
