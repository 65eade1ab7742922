"""The playground as a learner uses it, in a browser, with networks that really learn.

Needs Chromium (Debian's `chromium-headless-shell` or `chromium`).
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dlapps.playground.app import create_app

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PATIENCE = 90_000
SMALL = "#data.num_examples=40&model.widths=3"


@pytest.fixture(scope="module")
def address(serving) -> Iterator[str]:
    with serving(create_app()) as address:
        yield address + "/"


@pytest.fixture
def visit(browser, address) -> Iterator[Any]:
    """Opens the page at a link, on a phone, with its network ready; fails where its script does."""
    pages, failures = [], []

    def visit(fragment: str, is_ready: bool = True) -> Any:
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: failures.append(str(error)))
        pages.append(page)
        page.goto(fragment if fragment.startswith("http") else address + fragment)
        if is_ready:
            ready(page)
        return page

    yield visit
    for page in pages:
        page.close()
    assert failures == []


def ready(page: Any) -> None:
    playwright.expect(page.locator("#run")).to_be_enabled(timeout=PATIENCE)


def train(page: Any, steps: int, enough: float = 101) -> float:
    """Trains for so many steps, or until it validates so well; pauses. The best percentage seen."""
    page.click("#run")
    give_up, best = time.monotonic() + PATIENCE / 1000, 0.0
    while number(page, "#steps") < steps and best < enough:
        assert time.monotonic() < give_up
        best = max(best, number(page, "#validation-accuracy"))
        time.sleep(0.05)
    page.click("#run")
    playwright.expect(page.locator("#run")).to_have_text("Start", timeout=PATIENCE)
    return best


def number(page: Any, place: str) -> float:
    return float(re.sub(r"[^\d.]", "", page.inner_text(place)) or 0)


def test_a_line_cannot_part_spirals(visit):
    page = visit("#data.name=spirals&model.activation=linear&model.widths=8&data.num_examples=200")
    assert train(page, 300) < 70
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_enough_tanh_neurons_part_spirals(visit):
    page = visit("#model.widths=8,8,8&training.learning_rate=0.03")
    # The steps that are on their way to a pause may lose a little of it; and on a busy machine
    # fewer of them are looked at.
    assert train(page, 10_000, enough=90.1) > 90
    assert f"steps: {number(page, '#steps'):.0f}\n" in page.inner_text("#yaml")


def test_pause_pauses_and_step_takes_one(visit):
    page = visit(SMALL)
    train(page, 10)
    reached = number(page, "#steps")
    time.sleep(0.5)
    assert number(page, "#steps") == reached
    page.focus("#step")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#steps")).to_have_text(f"{reached + 1:.0f}", timeout=PATIENCE)
    page.click("#reset")
    playwright.expect(page.locator("#steps")).to_have_text("0", timeout=PATIENCE)


def test_a_link_restores_all_settings(visit):
    page = visit(SMALL)
    page.click("#data label:has-text('xor')")
    page.fill("[name='data.noise']", "0.5")
    page.select_option("[name='training.optimizer.name']", "sgd")
    page.fill("[name='training.optimizer.momentum']", "0.9")
    page.select_option("[name='model.activation']", "relu")
    page.fill("[name='kernels.l2']", "0.001")
    page.fill("[name='seed']", "7")
    page.click("text=Add layer")
    page.click("[aria-label='One more neuron in layer 2']")
    ready(page)
    playwright.expect(page.locator("#yaml")).to_contain_text("- 4", timeout=PATIENCE)
    config = page.inner_text("#yaml")
    for said in (
        "xor",
        "noise: 0.5",
        "momentum: 0.9",
        "relu",
        "l2: 0.001",
        "seed: 7",
        "- 3\n  - 4",
    ):
        assert said in config
    again = visit(page.url)
    assert again.inner_text("#yaml") == config
    assert again.input_value("[name='training.optimizer.momentum']") == "0.9"
    assert again.is_checked("[value='xor']")


def test_a_setting_that_cannot_be_is_named_and_marked(visit):
    page = visit(SMALL)
    page.fill("[name='training.learning_rate']", "0")
    page.press("[name='training.learning_rate']", "Tab")
    playwright.expect(page.locator("#status")).to_contain_text(
        "training.learning_rate", timeout=PATIENCE
    )
    assert page.get_attribute("[name='training.learning_rate']", "aria-invalid") == "true"
    assert page.is_disabled("#run")
    page = visit("#data.nmae=<b>xor</b>", is_ready=False)
    playwright.expect(page.locator("#status")).to_contain_text("data.nmae is no setting")


def test_points_are_drawn_with_the_mouse_and_with_the_keys(visit):
    page = visit(SMALL)
    page.click("#data label:has-text('drawn')")
    playwright.expect(page.locator("#status")).to_contain_text("at least 3 points of each class")
    box = page.locator("#regions").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=8)
    page.mouse.up()
    page.focus("#regions")
    page.keyboard.press("1")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
    ready(page)
    playwright.expect(page.locator("#yaml")).to_contain_text("path: points.csv", timeout=PATIENCE)
    assert ",0;0,-0.25,1;0,-0.5,1;0,-0.75,1&" in page.url
    train(page, 3)
    assert visit(page.url).inner_text("#yaml").startswith("application: classification")


def test_a_neuron_is_looked_at_by_keyboard(visit):
    page = visit(SMALL)
    page.focus("[aria-label='Layer 1, neuron 2']")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#output-title")).to_have_text("Layer 1, neuron 2")
    assert re.search(r"weights \S+, \S+; bias 0.00", page.inner_text("#neuron"))


def test_a_link_carries_the_surface_over_two_weights_and_its_paths(visit):
    page = visit(SMALL + "&surface.second=2:1:1&surface.rmsprop=0")
    assert page.locator("#surface-result").is_hidden()
    page.fill("[name='surface.sgd']", "0.7")
    page.focus("#draw-surface")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#surface-legend")).to_contain_text("Adam", timeout=PATIENCE)
    assert "RMSprop" not in page.inner_text("#surface-legend")
    assert "Up: layer 1, neuron 1 → class 0" in page.inner_text("#surface-axes")
    assert number(page, "#steps") == 0  # The network itself has not moved.
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    again = visit(page.url)
    assert again.input_value("[name='surface.sgd']") == "0.7"
    assert again.input_value("[name='surface.second']") == "2:1:1"
