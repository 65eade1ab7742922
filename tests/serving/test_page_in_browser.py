"""The page as a person uses it: what is drawn, chosen or typed is what is sent, and is answered.

Needs Chromium (Debian's `chromium-headless-shell` or `chromium`). The models are made up here:
their `model.json` and their answers are given, and what the page sends is looked at.
"""

import base64
import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dlapps.serving.page import page_routes

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def tensor(kind: str, shape: list[int | None], dtype: str = "string", **facts: Any) -> dict:
    return {"dtype": dtype, "shape": shape, "kind": kind, "description": kind, **facts}


FILE = tensor("image_file", [None], suffixes=[".png"], height=None, width=None, channels=1)
NAMES = ["<b>cat</b>", "dog"]
MODELS: dict[str, dict] = {
    "pets": {
        "inputs": {"image_bytes": FILE},
        "outputs": {
            "label": tensor("class_label", [None]),
            "probabilities": tensor("class_probabilities", [None, 2], "float32", names=NAMES),
        },
    },
    "masks": {
        "inputs": {"image_bytes": FILE},
        "outputs": {"class_map": tensor("class_map", [None, None, None], "int32", names=NAMES)},
    },
    "words": {
        "inputs": {"sentences": tensor("sentence", [None], examples=["one", "two of it"])},
        "outputs": {"translation": tensor("sentence", [None])},
    },
    "planes": {
        "inputs": {
            "points": tensor("point", [None, 2], "float32", names=["x", "y"], low=[-6], high=[6])
        },
        "outputs": {"value": tensor("numbers", [None], "float32")},
    },
    "digits": {
        "inputs": {"seeds": tensor("seed", [None], "int64")},
        "outputs": {"images": tensor("images", [None, 2, 3, 1], "float32")},
    },
    "sounds": {
        "inputs": {"wav_bytes": tensor("wav_file", [None], suffixes=[".wav"], sample_rate=8000)},
        "outputs": {"label": tensor("class_label", [None])},
    },
    "programs": {
        "inputs": {"pixels": tensor("pixels", [None, 8, 8, 1], "uint8")},
        "outputs": {"label": tensor("class_label", [None])},
    },
}
ANSWERS: dict[str, Any] = {
    "pets": {"label": "<b>cat</b>", "probabilities": [0.75, 0.25]},
    "masks": [[0, 1, 1], [0, 0, 0]],
    "words": "<i>eins</i>",
    "planes": 2.5,
    "digits": [[[0.0], [1.0], [0.5]]] * 2,
    "sounds": "yes",
}


EXPLAIN = {
    "inputs": {"image_bytes": FILE, "class_index": tensor("class_index", [None], "int64")},
    "outputs": {
        "grad_cam": tensor("relevance", [None, 2, 3], "float32", title="Grad-CAM"),
        "saliency": tensor("relevance", [None, 2, 3], "float32", title="Saliency"),
    },
}
"""The second signature of the pets."""
MAPS = {"grad_cam": [[0, 0, 0], [0, 0, 1]], "saliency": [[0, 7, 0], [0, 0, 0]]}


class Served(NamedTuple):
    name: str
    version: int
    directory: Path


@pytest.fixture(scope="module")
def asked() -> list[dict]:
    """The bodies of the requests that the page has sent."""
    return []


@pytest.fixture(scope="module")
def address(asked, tmp_path_factory, serving) -> Iterator[str]:
    """Where the page is served, with models that answer as said above."""
    served = []
    for name, signature in MODELS.items():
        directory = tmp_path_factory.mktemp(name)
        explained = {"explain": EXPLAIN} if name == "pets" else {}
        text = json.dumps({"signatures": {"serving_default": signature, **explained}})
        (directory / "model.json").write_text(text)
        served.append(Served(name, 1, directory))

    async def predict(request: Request) -> JSONResponse:
        asked.append(await request.json())
        name = request.path_params["name"].removesuffix(":predict")
        if asked[-1]["instances"] == [{"sentences": "wrong"}]:
            return JSONResponse({"error": "that <b>sentence</b> is refused"}, 400)
        is_explained = asked[-1]["signature_name"] == "explain"
        return JSONResponse({"predictions": [MAPS if is_explained else ANSWERS[name]]})

    routes = [*page_routes(lambda: served), Route("/v1/models/{name}", predict, methods=["POST"])]
    with serving(Starlette(routes=routes)) as address:
        yield address


@pytest.fixture
def page(browser, address) -> Iterator[Any]:
    """The page, on a phone; fails where its script does."""
    page = browser.new_page(viewport={"width": 360, "height": 740})
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert failures == []


def answer(page: Any) -> str:
    """What is shown after the button was reached and pressed by keyboard."""
    page.focus("#ask")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#status")).to_contain_text("answered in")
    return page.inner_text("#answer")


def sent_image(asked: list[dict]) -> np.ndarray:
    encoded = asked[-1]["instances"][0]["image_bytes"]["b64"]
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        return np.asarray(image.convert("L"))


def png(pixels: np.ndarray) -> dict[str, Any]:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}


def test_a_drawing_is_sent_and_its_probabilities_are_bars(page, asked):
    page.select_option("#model", "pets")
    box = page.locator(".pad").bounding_box()
    left, right = (box["x"] + box["width"] * part for part in (0.2, 0.8))
    page.mouse.move(left, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(right, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    shown = answer(page)
    assert "<b>cat</b>" in shown
    assert "75.0 %" in shown
    widths = [bar.bounding_box()["width"] for bar in page.query_selector_all(".bar div")]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.02)
    pixels = sent_image(asked)
    size = len(pixels)
    assert pixels[size // 2, size // 2] == 255
    assert pixels[size // 4, size // 2] == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_an_image_the_page_says_what_is_missing(page, asked):
    before = len(asked)
    page.select_option("#model", "pets")
    page.click("#ask")
    playwright.expect(page.locator("#status")).to_contain_text("choose or draw an image first")
    page.mouse.click(*(page.locator(".pad").bounding_box()[side] + 50 for side in ("x", "y")))
    page.click("text=Clear")
    page.click("#ask")
    playwright.expect(page.locator("#status")).to_contain_text("choose or draw an image first")
    assert len(asked) == before


def test_a_mask_lies_over_the_file_that_was_chosen(page, asked):
    page.select_option("#model", "masks")
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    page.set_input_files("input[type=file]", png(pixels))
    shown = answer(page)
    np.testing.assert_array_equal(sent_image(asked), pixels)
    assert "<b>cat</b> 66.7 %" in shown
    assert "dog 33.3 %" in shown
    drawn = page.evaluate(
        "Array.from(document.querySelector('#answer canvas').getContext('2d')"
        ".getImageData(0, 0, 3, 2).data)"
    )
    drawn = np.array(drawn).reshape(2, 3, 4)
    np.testing.assert_array_equal(drawn[1, :, 0], pixels[1])  # background: the image itself
    assert drawn[0, 1, 0] != drawn[0, 1, 2]  # the class's colour over grey


def drawn_pixels(page: Any) -> np.ndarray:
    drawn = page.evaluate(
        "Array.from(document.querySelector('#answer canvas.pixels').getContext('2d')"
        ".getImageData(0, 0, 3, 2).data)"
    )
    return np.array(drawn).reshape(2, 3, 4)


def test_the_map_of_the_chosen_method_and_class_lies_over_the_picture(page, asked):
    page.select_option("#model", "pets")
    assert page.locator("#signature").is_hidden()  # To explain is no question of its own.
    page.set_input_files("input[type=file]", png(np.full((2, 3), 100, np.uint8)))
    answer(page)
    assert page.locator("#answer canvas").count() == 0
    page.get_by_label("Method").select_option("Grad-CAM")
    playwright.expect(page.get_by_role("img", name="Grad-CAM, strongest at")).to_be_visible()
    assert asked[-1]["signature_name"] == "explain"
    assert asked[-1]["instances"][0]["class_index"] == -1
    drawn = drawn_pixels(page)
    assert (drawn[0] == [100, 100, 100, 255]).all()  # No support: the picture itself.
    assert drawn[1, 2, 0] > drawn[1, 2, 2] + 50
    requests = len(asked)
    page.get_by_label("Method").select_option("Saliency")
    playwright.expect(page.get_by_role("img", name="Saliency, strongest at")).to_be_visible()
    assert len(asked) == requests  # All maps of a class came together.
    assert drawn_pixels(page)[0, 1, 0] > 200
    page.get_by_label("Class").select_option("dog")
    page.wait_for_function("document.querySelector('#answer canvas') !== null")
    assert asked[-1]["instances"][0]["class_index"] == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_sentence_is_answered_as_text_and_an_error_is_told(page, asked):
    page.select_option("#model", "words")
    page.fill("textarea", "zwei\n„Zeilen“")
    assert "<i>eins</i>" in answer(page)
    assert asked[-1] == {
        "signature_name": "serving_default", "instances": [{"sentences": "zwei\n„Zeilen“"}],
    }  # fmt: skip
    page.fill("textarea", "wrong")
    page.click("#ask")
    playwright.expect(page.locator("#status")).to_have_text("that <b>sentence</b> is refused")
    assert page.inner_text("#answer") == ""


def test_numbers_are_moved_or_typed(page, asked):
    page.select_option("#model", "planes")
    page.fill("input[type=number] >> nth=0", "-1.25")
    page.focus("input[type=range] >> nth=1")
    page.keyboard.press("Home")
    assert "2.5" in answer(page)
    assert asked[-1]["instances"] == [{"points": [-1.25, -6]}]


def test_a_seed_is_a_whole_number_and_gives_an_image(page, asked):
    page.select_option("#model", "digits")
    page.fill("input[type=number]", "12")
    answer(page)
    assert asked[-1]["instances"] == [{"seeds": 12}]
    drawn = page.evaluate(
        "Array.from(document.querySelector('#answer canvas').getContext('2d')"
        ".getImageData(0, 0, 3, 1).data)"
    )
    assert drawn == [0, 0, 0, 255, 255, 255, 255, 255, 128, 128, 128, 255]


def test_a_sound_of_any_width_and_rate_is_sent_as_the_model_takes_it(page, asked):
    page.select_option("#model", "sounds")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(1)
        written.setframerate(16000)
        written.writeframes(bytes([192] * 2 * 8000))
    sound = {"name": "a.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}
    page.set_input_files("input[type=file]", sound)
    assert "yes" in answer(page)
    sent = base64.b64decode(asked[-1]["instances"][0]["wav_bytes"]["b64"])
    with wave.open(io.BytesIO(sent)) as read:
        assert read.getparams()[:3] == (1, 2, 8000)
        assert read.getnframes() == pytest.approx(4000, abs=2)
        samples = np.frombuffer(read.readframes(-1), "<i2")
    assert samples[1000:3000] == pytest.approx(16384, rel=0.02)


def test_what_only_programs_can_ask_cannot_be_asked(page):
    page.select_option("#model", "programs")
    assert page.is_disabled("#ask")
    playwright.expect(page.locator("#status")).to_contain_text("Only programs can ask it")
