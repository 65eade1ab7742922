"""Spectrograms on axes: seconds to the right, low notes at the bottom."""

import numpy as np
from matplotlib.axes import Axes

COLOURS = "magma"
NUM_TICKS = 5


def draw_spectrogram(
    axes: Axes, spectrogram: np.ndarray, seconds: float, colours: str = COLOURS
) -> None:
    """Draws a spectrogram [frames, bands] in 0..1 that lasts so many seconds."""
    axes.imshow(
        spectrogram.T,
        origin="lower",
        aspect="auto",
        cmap=colours,
        vmin=0,
        vmax=1,
        extent=extent_of(spectrogram, seconds),
    )


def extent_of(spectrogram: np.ndarray, seconds: float) -> tuple[float, float, float, float]:
    """Where a spectrogram [frames, bands] lies on its axes: left, right, bottom, top."""
    return 0, seconds, 0, spectrogram.shape[1]


def label_spectrogram(axes: Axes, frequencies: np.ndarray) -> None:
    """Seconds and hertz on the axes of a spectrogram, the middles of whose bands these are."""
    places = np.linspace(0, len(frequencies) - 1, NUM_TICKS).round().astype(int)
    axes.set_yticks(places + 0.5, [f"{frequencies[place]:,.0f}" for place in places])
    axes.set(xlabel="Seconds", ylabel="Hertz")


def frame_times(num_frames: int, seconds: float) -> np.ndarray:
    """The middle of each frame in seconds."""
    return (np.arange(num_frames) + 0.5) * seconds / num_frames
