"""How well each class is found, as bars."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from dlapps.explain.palette import DISTINCT_COLOURS


def class_scores(
    per_class: Mapping[str, Mapping[str, float]], measures: Sequence[str], title: str
) -> Figure:
    """A group of bars a class, one bar for each of the measures, which lie between 0 and 1."""
    figure = Figure(figsize=(7, 0.6 + 0.28 * len(per_class) * (len(measures) + 1)))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    thickness = 0.8 / len(measures)
    for number, measure in enumerate(measures):
        values = [scores[measure] for scores in per_class.values()]
        places = [index + (number + 0.5) * thickness - 0.4 for index in range(len(values))]
        bars = axes.barh(places, values, thickness, color=DISTINCT_COLOURS[number], label=measure)
        axes.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(per_class)), list(per_class), parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.12), title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure
