"""Whatever is wrong with boxes, classes, images or files is named, and nothing else happens."""

import json
import random

import pytest

from dlapps.data.boxes.folder import load_box_folder
from dlapps.errors import UsageError

NAMES = [f"{number:02}" for number in range(20)]


@pytest.fixture
def folder(case, tmp_path):
    """Twenty images in Pascal VOC's layout, with a cat each."""
    case.add_voc(tmp_path, *NAMES)
    return tmp_path


@pytest.mark.parametrize(
    ("box", "kept", "remark"),
    [
        ((-5, 4, 9, 25), (0, 4, 9, 20), "1 boxes lie partly outside their images and are clipped"),
        ((-1, 4, 9, 21), (0, 4, 9, 20), None),
        ((2, 3, 2, 9), None, "1 boxes have no area inside their images and are left out"),
        ((9, 3, 2, 9), None, "1 boxes have no area inside their images and are left out"),
        ((4, 5, 5, 6), None, "1 boxes have no area inside their images and are left out"),
        ((40, 3, 50, 9), None, "1 boxes have no area inside their images and are left out"),
    ],
)
def test_boxes_are_clipped_or_left_out(case, folder, caplog, box, kept, remark):
    case.add_voc(folder, "00", objects=[("cat", *box), ("cat", *case.BOX)])
    loaded, said = case.load_with_warnings(caplog, folder)
    rest = [("cat", *case.BOX)]
    assert case.everything(loaded)["00"] == ([("cat", *kept), *rest] if kept else rest)
    assert said == ([f"{remark}: {folder / 'images' / '00.png'}"] if remark else [])


def test_images_that_are_missing_or_none_or_unmentioned_are_left_out(case, folder, caplog):
    images = folder / "images"
    (images / "00.png").unlink()
    case.add_file(images / "01.png", b"no image")
    case.add_image(images / "new.png")
    case.add_file(images / "._02.png", b"left behind")
    loaded, said = case.load_with_warnings(caplog, folder)
    assert sorted(case.everything(loaded)) == NAMES[2:]
    assert said == [
        f"1 of 19 images cannot be decoded and are left out: {images / '01.png'}",
        "1 annotated images are missing and left out: 00.png",
        f"1 images are annotated nowhere and left out: {images / 'new.png'}",
    ]


def test_images_annotated_turned_are_left_out_and_other_sizes_are_named(case, folder, caplog):
    case.add_voc(folder, "00", size=(case.WIDTH, case.HEIGHT))
    case.add_voc(folder, "01", size=(2 * case.HEIGHT, 2 * case.WIDTH))
    case.add_voc(folder, "02", size=(0, 0))
    loaded, said = case.load_with_warnings(caplog, folder)
    assert sorted(case.everything(loaded)) == NAMES[1:]
    turned, other = said
    assert "1 images were annotated as a viewer shows them" in turned
    assert turned.endswith("00.png")
    assert "1 images have another size than their annotations say" in other
    assert other.endswith("01.png")


def test_a_class_that_is_not_in_train_is_unknown(case, tmp_path):
    case.add_voc(tmp_path / "train", *NAMES)
    case.add_voc(tmp_path / "test", "x", objects=[("cta", *case.BOX)])
    with pytest.raises(UsageError, match=r"x\.xml has .* class cta, .*did you mean cat\?"):
        load_box_folder(tmp_path)


def test_given_classes_keep_their_order_and_must_know_all(case, folder, caplog):
    loaded, said = case.load_with_warnings(caplog, folder, class_names=("dog", "cat"))
    assert loaded.class_names == ("dog", "cat")
    assert said == ["1 of 2 classes have no object in train and cannot be learned: dog"]
    with pytest.raises(UsageError, match=r"00\.xml has .* class cat.*known are dog"):
        load_box_folder(folder, class_names=("dog",))
    with pytest.raises(UsageError, match=r"class 1 of .* is called cat; .*different"):
        load_box_folder(folder, class_names=("cat", "cat"))


def test_a_train_without_objects_is_refused(case, tmp_path):
    case.add_voc(tmp_path, *NAMES, objects=())
    with pytest.raises(UsageError, match="no object in any image of train"):
        load_box_folder(tmp_path, class_names=("cat",))


def test_a_split_that_loses_all_images_is_refused(case, tmp_path, caplog):
    case.add_voc(tmp_path / "train", *NAMES)
    case.add_voc(tmp_path / "test", "x")
    case.add_file(tmp_path / "test" / "images" / "x.png", b"no image")
    with pytest.raises(UsageError, match="no image left for test"):
        load_box_folder(tmp_path)
    case.add_voc(tmp_path / "few", *NAMES[:2])
    with pytest.raises(UsageError, match="2 annotated images for train, too few to set some aside"):
        load_box_folder(tmp_path / "few")


def test_an_image_annotated_twice_is_refused(case, folder):
    case.add_file(folder / "old" / "00.xml", case.voc(filename="00.png"))
    with pytest.raises(UsageError, match=r"00\.png is annotated twice"):
        load_box_folder(folder)


BOMB = '<!DOCTYPE a [<!ENTITY b "bbb">]>\n<annotation>&b;</annotation>'


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("<annotation>\n<object>", "broken XML: line 2"),
        (BOMB, "document type"),
        ("<annotation>\n<object></object></annotation>", "line 2: the <object> has no <name>"),
        (
            "<annotation>\n<object><name>a</name></object></annotation>",
            "line 2: the object has no <bndbox>",
        ),
        (
            "<annotation><object><name>a</name>\n<bndbox>\n<xmin>nan</xmin></bndbox></object>"
            "</annotation>",
            "line 3: xmin is nan, no number",
        ),
        (
            "<annotation><object><name>a</name>\n<bndbox/></object></annotation>",
            "line 2.*no <xmin>",
        ),
        ("<?xml version='1.0' encoding='nonsense'?><annotation/>", "broken XML"),
    ],
)
def test_broken_xml_is_named_with_its_line(case, folder, contents, message):
    case.add_file(folder / "annotations" / "00.xml", contents)
    with pytest.raises(UsageError, match=rf"00\.xml.*{message}"):
        load_box_folder(folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 .5 .5 .1", "line 2 is 0 .5 .5 .1; expected is"),
        ("0 .5 .5 .1 .1 .9", "line 2"),
        ("0 .5 .5 .1 inf", "line 2"),
        ("0 120 80 30 20", "line 2"),
        ("7 .5 .5 .1 .1", "line 2 has the class 7, .* 1 names; known are 0"),
        ("-1 .5 .5 .1 .1", "line 2 has the class -1"),
        ("9" * 5000 + " .5 .5 .1 .1", "line 2 has the class 99"),
    ],
)
def test_broken_yolo_lines_are_named(case, tmp_path, line, message):
    case.add_file(tmp_path / "classes.txt", "cat\n")
    case.add_image(tmp_path / "images" / "1.png")
    case.add_file(tmp_path / "labels" / "1.txt", f"0 .5 .5 .1 .1\n{line}\n")
    with pytest.raises(UsageError, match=rf"1\.txt, {message}"):
        load_box_folder(tmp_path)


@pytest.mark.parametrize(
    ("entry", "change", "message"),
    [
        ("annotations", {"category_id": 5}, "annotation 100 has the category 5, .*known are 1"),
        ("annotations", {"image_id": 5}, "annotation 100 is of the image 5"),
        ("annotations", {"image_id": []}, "annotation 100 has no image_id"),
        ("annotations", {"bbox": [1, 2, 3]}, "bbox of the annotation 100"),
        ("annotations", {"bbox": [1, 2, 3, float("nan")]}, "bbox of the annotation 100"),
        ("annotations", {"bbox": [1, 2, 3, 10**400]}, "bbox of the annotation 100"),
        ("annotations", {"bbox": [1, 2, 3, "4"]}, "bbox of the annotation 100"),
        ("images", {"file_name": None}, "image 0 has no file_name"),
        ("categories", {"name": 3}, "category 1 has no name"),
    ],
)
def test_broken_coco_entries_are_named(case, tmp_path, entry, change, message):
    case.add_image(tmp_path / "1.png")
    data = json.loads(case.coco(["1.png"], [(0, 1, 2, 3, 10, 6)], {1: "cat"}))
    data[entry][0] |= change
    case.add_file(tmp_path / "all.json", json.dumps(data))
    with pytest.raises(UsageError, match=rf"all\.json.*{message}"):
        load_box_folder(tmp_path)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ('{"images": [],\n "annotations"', "broken JSON: line 2"),
        ("[" * 100_000, "lists too deep"),
        ('{"annotations": ' + "9" * 5000 + "}", "numbers too long"),
        ('{"images": 1, "annotations": [], "categories": []}', "images must be a list"),
        (b'{"annotations":\n "\xff"}', "no text in UTF-8: see line 2"),
    ],
)
def test_broken_json_is_named(case, tmp_path, contents, message):
    case.add_file(tmp_path / "all.json", contents)
    with pytest.raises(UsageError, match=rf"all\.json.*{message}"):
        load_box_folder(tmp_path)


def test_names_in_two_files_must_agree(case, tmp_path):
    case.add_image(tmp_path / "images" / "1.png")
    case.add_file(tmp_path / "labels" / "1.txt", "0 .5 .5 .1 .1")
    case.add_file(tmp_path / "classes.txt", "cat\n")
    case.add_file(tmp_path / "data.yaml", "names: [dog]")
    with pytest.raises(UsageError, match="name the classes differently"):
        load_box_folder(tmp_path)


def damaged(contents: bytes, chance: random.Random) -> bytes:
    """Random bytes, or the contents with some of them changed, taken out or repeated."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(60))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(contents) + 1)
        length = chance.choice([0, 1, 1, 8, 40])
        new = chance.choice([b"", chance.randbytes(1), b"-", b"9", b"[", b"<a>", b"&b;", b"null"])
        contents = contents[:place] + new + contents[place + length :]
    return contents


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
def test_any_bytes_are_read_or_refused_in_one_sentence(case, tmp_path, layout):
    files = {
        "voc": {
            "1.xml": case.voc(("cat", *case.BOX), filename="1.png"),
            "ImageSets/Main/train.txt": "1",
            "ImageSets/Main/test.txt": "2",
        },
        "coco": {"all.json": case.coco(["1.png", "2.png"], [(0, 1, 2, 3, 4, 5)], {1: "cat"})},
        "yolo": {"1.txt": "0 .5 .5 .1 .1\n", "classes.txt": "cat\n", "data.yaml": "names: [cat]"},
    }[layout]
    files |= {"train_labels.csv": "filename\n1.png\n", "images.xml": "<a/>"}
    for number in range(1, 5):
        case.add_image(tmp_path / f"{number}.png")
    chance, refused = random.Random(0), 0
    for _ in range(60):
        which = chance.choice([*files])
        for name, contents in files.items():
            intact = contents.encode()
            case.add_file(tmp_path / name, damaged(intact, chance) if name == which else intact)
        try:
            load_box_folder(tmp_path, chance.choice(["auto", layout]))
        except UsageError:
            refused += 1
    assert refused > 10
