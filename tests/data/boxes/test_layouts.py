"""Pascal VOC, COCO and YOLO folders are read alike, in the splits that they tell of."""

import json

import numpy as np
import pytest

from dlapps.data.boxes.folder import load_box_folder
from dlapps.errors import UsageError

NAMES = [f"{number:02}" for number in range(20)]


def add_yolo(case, folder, *names, inside="images"):
    """Images with case.BOX of class 1, of cat and dog."""
    left, top, right, bottom = case.BOX
    x, y = (left + right) / 2 / case.WIDTH, (top + bottom) / 2 / case.HEIGHT
    width, height = (right - left) / case.WIDTH, (bottom - top) / case.HEIGHT
    case.add_file(folder / "classes.txt", "cat\ndog\n")
    for name in names:
        case.add_image(folder / inside / f"{name}.png")
        labels = inside.replace("images", "labels")
        case.add_file(folder / labels / f"{name}.txt", f"1 {x} {y} {width} {height}\n")


def test_voc_boxes_count_from_one_and_hold_their_last_pixel(case, tmp_path):
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>30</xmax><ymax>20</ymax>"
    one = f"<object><name>cat</name><bndbox>{corners}</bndbox></object>"
    case.add_voc(tmp_path, *NAMES[1:])
    case.add_image(tmp_path / "images" / "00.PNG")
    xml = f"<annotation><filename>00.jpg</filename>{one}</annotation>"
    case.add_file(tmp_path / "annotations" / "00.xml", xml)
    folder = load_box_folder(tmp_path)
    found = case.everything(folder)
    assert found.pop("00") == [("cat", 0, 0, case.WIDTH, case.HEIGHT)]
    assert found == {name: [("cat", *case.BOX)] for name in NAMES[1:]}
    assert folder.class_names == ("cat",)
    assert {split: len(listed) for split, listed in folder.splits.items()} == {
        "train": 16, "validation": 2, "test": 2,
    }  # fmt: skip
    assert all(boxed.boxes.dtype == np.float32 for boxed in folder.splits["train"])
    assert case.stems(load_box_folder(tmp_path)) == case.stems(folder)


def test_voc_images_are_found_by_the_name_of_their_xml_too(case, tmp_path):
    for name in NAMES:
        case.add_image(tmp_path / f"{name}.png")
        case.add_file(tmp_path / f"{name}.xml", case.voc(("cat", *case.BOX), filename="C:\\a.jpg"))
    assert sorted(case.everything(load_box_folder(tmp_path))) == NAMES


def test_voc_lists_tell_the_splits_and_validation_may_be_carved(case, tmp_path, caplog):
    case.add_voc(tmp_path, *NAMES)
    lists = tmp_path / "ImageSets" / "Main"
    case.add_file(lists / "train.txt", "\n".join(NAMES[:11]))
    case.add_file(lists / "val.txt", "\n".join(f"{name} -1" for name in NAMES[11:14]))
    case.add_file(lists / "test.txt", "\r\n".join([*NAMES[14:18], "unknown"]))
    folder, said = case.load_with_warnings(caplog, tmp_path)
    assert case.stems(folder) == {
        "train": NAMES[:11], "validation": NAMES[11:14], "test": NAMES[14:18],
    }  # fmt: skip
    assert said == [
        "1 names in the lists of the splits have no annotation: unknown",
        "2 annotated images are in none of the splits and left out: "
        f"{tmp_path / 'images' / '18.png'}, {tmp_path / 'images' / '19.png'}",
    ]
    (lists / "val.txt").unlink()
    stems = case.stems(load_box_folder(tmp_path))
    assert len(stems["validation"]) == 1
    assert sorted(stems["train"] + stems["validation"]) == NAMES[:11]
    assert stems["test"] == NAMES[14:18]


def test_names_in_lists_may_end_in_numbers(case, tmp_path):
    names = [f"cell {number}" for number in range(8)]
    case.add_voc(tmp_path, *names)
    lists = tmp_path / "ImageSets" / "Main"
    for split, (first, last) in {"train": (0, 4), "val": (4, 6), "test": (6, 8)}.items():
        case.add_file(lists / f"{split}.txt", "\n".join(names[first:last]))
    stems = case.stems(load_box_folder(tmp_path))
    assert stems == {"train": names[:4], "validation": names[4:6], "test": names[6:]}


def test_an_image_in_two_lists_is_refused(case, tmp_path):
    case.add_voc(tmp_path, *NAMES)
    lists = tmp_path / "ImageSets" / "Main"
    case.add_file(lists / "train.txt", "\n".join(NAMES))
    case.add_file(lists / "test.txt", NAMES[3])
    with pytest.raises(UsageError, match=r"train.txt has 03 in train, but another .* in test"):
        load_box_folder(tmp_path)


def test_tables_tell_the_splits(case, tmp_path):
    case.add_voc(tmp_path, *NAMES)
    for split, names in {"train": NAMES[:15], "test": NAMES[15:]}.items():
        rows = "".join(f"{name}.png,cat\n" for name in names)
        case.add_file(tmp_path / "data" / f"{split}_labels.csv", f"filename,class\n{rows}")
    case.add_file(tmp_path / "data" / "all_labels.csv", "filename\n00.png\n")
    stems = case.stems(load_box_folder(tmp_path))
    assert stems["test"] == NAMES[15:]
    assert sorted(stems["train"] + stems["validation"]) == NAMES[:15]


@pytest.mark.parametrize("layout", ["voc", "yolo", "coco"])
def test_split_folders_are_kept_apart_even_where_names_repeat(case, tmp_path, layout):
    for index, split in enumerate(("train", "valid", "test")):
        names = NAMES[: index + 1]
        if layout == "voc":
            case.add_voc(tmp_path / split, *names)
        elif layout == "yolo":
            add_yolo(case, tmp_path / split, *names)
        else:
            for name in names:
                case.add_image(tmp_path / split / f"{name}.png")
            objects = [(number, 1, 2, 3, 10, 6) for number in range(len(names))]
            contents = case.coco([f"{name}.png" for name in names], objects, {1: "cat"})
            case.add_file(tmp_path / split / "_annotations.coco.json", contents)
    folder = load_box_folder(tmp_path)
    assert case.stems(folder) == {
        "train": NAMES[:1], "validation": NAMES[:2], "test": NAMES[:3],
    }  # fmt: skip
    for split, listed in folder.splits.items():
        own = {"validation": "valid"}.get(split, split)
        assert all(tmp_path / own in boxed.path.parents for boxed in listed)
        np.testing.assert_allclose([boxed.boxes[0] for boxed in listed], [case.BOX] * len(listed))


def test_one_coco_file_is_for_all_and_names_come_by_their_ids(case, tmp_path, caplog):
    for name in NAMES:
        case.add_image(tmp_path / "pictures" / f"{name}.png")
    objects = [(number, 7 if number % 2 else 3, 2, 3, 10, 6) for number in range(20)]
    contents = case.coco([f"{name}.png" for name in NAMES], objects, {7: "ant", 3: "bee"})
    data = json.loads(contents)
    data["annotations"].append(data["annotations"][0] | {"id": 1, "iscrowd": 1})
    file = case.add_file(tmp_path / "boxes.json", json.dumps(data))
    case.add_file(tmp_path / "package.json", '{"name": "x"}')
    folder, said = case.load_with_warnings(caplog, tmp_path)
    assert folder.class_names == ("bee", "ant")
    assert [len(listed) for listed in folder.splits.values()] == [16, 2, 2]
    found = case.everything(folder)
    assert found["00"] == [("bee", *case.BOX)]
    assert found["01"] == [("ant", *case.BOX)]
    assert said == [
        f"1 annotations of crowds (iscrowd) are left out: {file}",
        "1 JSON files have no images and annotations and are left out: "
        f"{tmp_path / 'package.json'}",
    ]


def test_coco_files_are_for_the_splits_in_their_names(case, tmp_path):
    for split in ("train2017", "val2017", "test"):
        case.add_image(tmp_path / split / "same.png")
        contents = case.coco(["same.png"], [(0, 1, 2, 3, 10, 6)], {1: "cat"})
        case.add_file(tmp_path / "annotations" / f"instances_{split}.json", contents)
    case.add_file(tmp_path / "annotations" / "captions_train2017.json", "{}")
    folder = load_box_folder(tmp_path)
    assert {split: boxed.path.parent.name for split, (boxed,) in folder.splits.items()} == {
        "train": "train2017", "validation": "val2017", "test": "test",
    }  # fmt: skip
    case.add_file(tmp_path / "annotations" / "instances_test_2.json", contents)
    with pytest.raises(UsageError, match="not for two different splits"):
        load_box_folder(tmp_path)


def test_an_image_that_may_be_either_of_two_is_refused(case, tmp_path):
    case.add_voc(tmp_path, *NAMES)
    case.add_image(tmp_path / "copies" / "00.png")
    with pytest.raises(UsageError, match=r"image of .*00\.xml may be .* or .*00\.png"):
        load_box_folder(tmp_path)


def test_a_category_that_only_groups_others_is_no_class(case, tmp_path):
    for name in NAMES:
        case.add_image(tmp_path / f"{name}.png")
    objects = [(number, 1, 2, 3, 10, 6) for number in range(20)]
    data = json.loads(case.coco([f"{name}.png" for name in NAMES], objects, {0: "all", 1: "cat"}))
    data["categories"][1]["supercategory"] = "all"
    case.add_file(tmp_path / "boxes.json", json.dumps(data))
    assert load_box_folder(tmp_path).class_names == ("cat",)


@pytest.mark.parametrize("inside", ["images", "images/train2017", "obj_train_data"])
def test_yolo_labels_lie_beside_images_or_in_labels(case, tmp_path, inside):
    add_yolo(case, tmp_path, *NAMES, inside=inside)
    folder = load_box_folder(tmp_path)
    assert folder.class_names == ("cat", "dog")
    found = case.everything(folder)
    assert sorted(found) == NAMES
    for name, *box in (boxes[0] for boxes in found.values()):
        assert name == "dog"
        np.testing.assert_allclose(box, case.BOX, rtol=1e-6)


@pytest.mark.parametrize(
    "names", ["names: [cat, dog]", "names: {0: cat, 1: dog}", "names:\n- cat\n- dog\nnc: 2"]
)
def test_yolo_names_may_be_in_data_yaml(case, tmp_path, names):
    add_yolo(case, tmp_path, *NAMES)
    (tmp_path / "classes.txt").unlink()
    case.add_file(tmp_path / "data.yaml", names)
    assert load_box_folder(tmp_path).class_names == ("cat", "dog")


def test_yolo_without_names_needs_them_given(case, tmp_path):
    add_yolo(case, tmp_path, *NAMES)
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(UsageError, match=r"does not say what its classes are called.*classes.txt"):
        load_box_folder(tmp_path)
    assert case.everything(load_box_folder(tmp_path, class_names=("a", "b")))["00"][0][0] == "b"


def test_yolo_images_and_labels_without_each_other_are_named(case, tmp_path, caplog):
    add_yolo(case, tmp_path, *NAMES)
    bare = case.add_image(tmp_path / "images" / "bare.png")
    lost = case.add_file(tmp_path / "labels" / "lost.txt", "1 .5 .5 .1 .1")
    folder, said = case.load_with_warnings(caplog, tmp_path)
    assert case.everything(folder)["bare"] == []
    assert said[-2:] == [
        f"1 images have no label file and count as images without objects: {bare}",
        f"1 label files have no image and are left out: {lost}",
    ]


def test_two_layouts_at_once_need_a_choice(case, tmp_path):
    case.add_voc(tmp_path, *NAMES)
    add_yolo(case, tmp_path, *NAMES)
    with pytest.raises(UsageError, match=r"annotations of voc and yolo\. .*data\.layout"):
        load_box_folder(tmp_path)
    assert load_box_folder(tmp_path, "voc").class_names == ("cat",)
    assert load_box_folder(tmp_path, "yolo").class_names == ("cat", "dog")


def test_a_folder_of_nothing_says_what_is_expected(case, tmp_path):
    case.add_image(tmp_path / "1.png")
    with pytest.raises(UsageError, match=r"no images with boxes in .* Expected are"):
        load_box_folder(tmp_path)
    with pytest.raises(UsageError, match="does not exist or is no folder"):
        load_box_folder(tmp_path / "nowhere")
