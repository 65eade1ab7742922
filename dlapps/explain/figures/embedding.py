"""The rows of an embedding as points of the plane, by PCA and by t-SNE (van der Maaten, Hinton
2008, "Visualizing data using t-SNE")."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

MOST_ROWS = 500
"""t-SNE takes seconds for them, and minutes for ten thousand."""
MOST_WORDS = 60
FEWEST_FOR_TSNE = 5
POINTS = "#0072b2"


def embedding_figure(title: str, rows: np.ndarray, words: Sequence[str]) -> Figure:
    """The first rows [N, D], the most frequent, in two planes; some are named by their words.

    Rows without a word, such as padding, are left out.
    """
    kept = np.flatnonzero([bool(word) for word in words])[:MOST_ROWS]
    rows, names = rows[kept], [words[row] for row in kept]
    planes = {}
    if min(rows.shape) >= 2:
        pca = PCA(2, random_state=0)
        points = pca.fit_transform(rows)
        share = 100 * pca.explained_variance_ratio_.sum()
        planes[f"PCA: {share:.0f} % of the variance"] = points
    if len(rows) >= FEWEST_FOR_TSNE:
        perplexity = min(30, (len(rows) - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="random", random_state=0)
        # Its threads wait busily for one another, so that other work makes them slower than one.
        with threadpool_limits(1, "openmp"):
            planes[f"t-SNE, perplexity {perplexity:.0f}"] = tsne.fit_transform(rows)
    figure = Figure(figsize=(7.8, 8 * len(planes) * 0.75 + 0.4), layout="constrained")
    named = f"{min(len(names), MOST_WORDS)} of {len(names):,} words named"
    figure.suptitle(f"{title}: {named}", fontsize=11, parse_math=False)
    panels = figure.subplots(len(planes), 1, squeeze=False)[:, 0]
    for axes, (name, points) in zip(panels, planes.items(), strict=True):
        axes.scatter(*points.T, s=6, color=POINTS, alpha=0.35, linewidths=0)
        for (x, y), word in zip(points[:MOST_WORDS], names):
            axes.annotate(
                word, (x, y), xytext=(2, 2), textcoords="offset points", fontsize=8,
                parse_math=False,
            )  # fmt: skip
        axes.set_title(name, fontsize=10)
        axes.set(xticks=[], yticks=[])
    return figure
