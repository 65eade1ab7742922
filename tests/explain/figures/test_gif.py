"""Frames become animations that viewers play as they are meant, and that are not too large."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from dlapps.explain.figures.gif import film_bytes, gif_bytes

FRAMES = [np.full((20, 30, 3), shade, np.uint8) for shade in range(0, 240, 10)]


def test_frames_become_an_animation():
    with Image.open(io.BytesIO(gif_bytes(FRAMES, 10))) as animation:
        assert animation.format == "GIF"
        assert (animation.n_frames, animation.size) == (len(FRAMES), (30, 20))
        assert animation.info["duration"] == 100


def test_frames_too_fast_for_a_gif_are_left_out_but_not_the_last():
    with Image.open(io.BytesIO(gif_bytes(FRAMES, 200))) as animation:
        assert animation.info["duration"] == 20
        assert animation.n_frames == 7
        animation.seek(6)
        assert abs(animation.convert("RGB").getpixel((0, 0))[0] - FRAMES[-1][0, 0, 0]) < 3


def test_no_frame_is_shorter_than_a_gif_can_show():
    with Image.open(io.BytesIO(gif_bytes(FRAMES, 60))) as animation:
        assert animation.info["duration"] >= 20


def figure_of(values: np.ndarray) -> Figure:
    figure = Figure(figsize=(4, 3), layout="constrained")
    figure.subplots().imshow(values)
    return figure


def test_a_film_stays_longer_on_its_last_figure():
    figures = [figure_of(np.eye(3) * shade) for shade in (1, 2, 3)]
    figures[1].suptitle("another layout")
    with Image.open(io.BytesIO(film_bytes(figures))) as film:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert durations[2] > durations[1] == durations[0]


def test_a_film_that_would_be_too_large_is_coarser(monkeypatch):
    noise = np.random.default_rng(0).random((2, 200, 200))
    whole = film_bytes([figure_of(values) for values in noise])
    monkeypatch.setattr("dlapps.explain.figures.gif.MOST_BYTES", len(whole) // 2)
    coarse = film_bytes([figure_of(values) for values in noise])
    assert len(coarse) <= len(whole) // 2
    with Image.open(io.BytesIO(coarse)) as film:
        assert film.n_frames == 2
