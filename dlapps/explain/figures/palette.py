"""Colours and markers for classes that people with any colour vision can tell apart."""

from matplotlib import color_sequences, colormaps
from matplotlib.colors import to_hex

# Okabe and Ito (2008), without black and with the yellow last: it is faint on white.
DISTINCT_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442")
# Petroff (2021), "Accessible color sequences for data visualization".
TEN_COLOURS = tuple(map(to_hex, color_sequences["petroff10"]))
MARKERS = "os^DvP*X"


def class_colours(num_classes: int) -> list[str]:
    """One hexadecimal colour a class; beyond ten classes they go from dark to light."""
    if num_classes <= len(DISTINCT_COLOURS):
        return list(DISTINCT_COLOURS[:num_classes])
    if num_classes <= len(TEN_COLOURS):
        return list(TEN_COLOURS[:num_classes])
    shades = colormaps["viridis"].resampled(num_classes)
    return [to_hex(shades(index)) for index in range(num_classes)]


def class_marker(index: int) -> str:
    """The marker of a class, repeating after eight."""
    return MARKERS[index % len(MARKERS)]
