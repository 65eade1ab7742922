"""Colours and markers for classes that people with any colour vision can tell apart."""

import colorsys

# Okabe and Ito (2008), without black and with the yellow last: it is faint on white.
DISTINCT_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442")
MARKERS = "os^DvP*X"


def class_colours(num_classes: int) -> list[str]:
    """One hexadecimal colour a class; beyond seven classes, evenly spaced hues."""
    if num_classes <= len(DISTINCT_COLOURS):
        return list(DISTINCT_COLOURS[:num_classes])
    return [_hex(colorsys.hls_to_rgb(k / num_classes, 0.55, 0.7)) for k in range(num_classes)]


def class_marker(index: int) -> str:
    """The marker of a class, repeating after eight."""
    return MARKERS[index % len(MARKERS)]


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
