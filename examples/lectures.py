"""The pictures of docs/practice_of_training.md: trains what they need, and draws it side by side.

python examples/lectures.py docs/pictures [deep_networks dying_relu learning_rates regularizers]

Runs are kept in runs/lectures; what was trained there is not trained again.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from optimizer_paths import save

from dlapps.config.files import find_config, read_text
from dlapps.explain.figures.diagnostics import diagnostics_figure
from dlapps.runs.directory import create_run, read_config
from dlapps.runs.trained import TrainedRun, open_run

RUNS = Path("runs/lectures")
BLUE, ORANGE, GREEN, FAINT = "#0072b2", "#d55e00", "#009e73", "#9aa3ab"

FEW_DIGITS = (
    "data.num_train=200", "data.augmentation={}", "data.batch_size=50", "model.name=mlp",
    "model.widths=[256, 256]", "training.steps=1200", "training.learning_rate=1e-3",
    "training.schedule=constant", "training.validate_every=50", "training.log_every=50",
    "training.restore_best_weights=false",
)  # fmt: skip
"""A network that learns 200 digits by heart; of the config digits_lenet5, its data."""
REGULARIZERS: Mapping[str, Sequence[str]] = {
    "dropout 0.5": ["model.dropout=0.5"],
    "L2, 0.002": ["kernels.l2=0.002"],
    "batch normalization": ["model.batch_normalization=true"],
    "augmentation": ["data.augmentation={rotation: 10, shift: 0.08, zoom: 0.1}"],
    "early stopping": [
        "training.early_stopping={patience: 3}",
        "training.restore_best_weights=true",
    ],
    "label smoothing 0.1": ["loss.label_smoothing=0.1"],
}


def trained(config: str, name: str, changes: Sequence[str] = ()) -> TrainedRun:
    """A finished run of a config of classification, with some settings changed."""
    file, directory = find_config("classification", config), RUNS / name
    settings = read_config("classification", read_text(file.path), file.name, changes)
    create_run("classification", settings, directory).train(file.name)
    return open_run("classification", directory)


def curve(run: TrainedRun, quantity: str) -> tuple[list[float], list[float]]:
    """The steps and values of a column of the history, where it has any."""
    rows = [row for row in run.history() if quantity in row]
    return [row["step"] for row in rows], [row[quantity] for row in rows]


def deep_networks() -> dict[str, Figure]:
    """The diagnostics of ten layers of sigmoids, and of ReLU with batch normalization."""
    return {
        config.removeprefix("digits_"): diagnostics_figure(trained(config, config).diagnostics())
        for config in ("digits_deep_sigmoid", "digits_deep_relu")
    }


def dying_relu() -> dict[str, Figure]:
    """The share of dead units and the loss, with ReLU and with its leaky twin."""
    figure, (units, losses) = panels(2)
    for config, label, colour in (
        ("digits_dying_relu", "ReLU", BLUE),
        ("digits_dying_relu_leaky", "leaky ReLU", ORANGE),
    ):
        run = trained(config, config)
        dead: dict[int, list[float]] = {}
        for row in run.diagnostics():
            if row.quantity == "dead":
                dead.setdefault(row.step, []).append(row.value)
        shares = [sum(values) / len(values) for values in dead.values()]
        units.plot([*dead], shares, color=colour, label=label)
        losses.plot(*curve(run, "loss"), color=colour, label=label)
    units.set(title="Dead units, mean of three layers", ylim=(-0.03, 1.03))
    losses.set(title="Loss (train)", yscale="log")
    for axes in (units, losses):
        axes.axvline(40, color=FAINT, linestyle=":")
    units.legend(frameon=False)
    return {"dying_relu": figure}


def learning_rates() -> dict[str, Figure]:
    """The loss and the size of the updates at three learning rates."""
    figure, (losses, updates) = panels(2)
    for size, colour in (("too_small", BLUE), ("right", GREEN), ("too_large", ORANGE)):
        config = f"rings_rate_{size}"
        run = trained(config, config)
        label = f"{size.replace('_', ' ')}, {run.config.training.learning_rate:g}"
        losses.plot(*curve(run, "loss"), color=colour, label=label)
        rows = [
            row for row in run.diagnostics()
            if (row.quantity, row.layer) == ("update_ratio", "dense2")
        ]  # fmt: skip
        updates.plot([row.step for row in rows], [row.value for row in rows], color=colour)
    updates.axhline(1e-3, color=FAINT, linestyle="--")
    losses.set(title="Loss (train)", yscale="log")
    updates.set(title="Update / weights of one step, second layer", yscale="log")
    losses.legend(frameon=False, fontsize=8)
    return {"learning_rates": figure}


def regularizers() -> dict[str, Figure]:
    """Train and validation loss on 200 digits, with each regularizer and without any."""
    plain = trained("digits_lenet5", "plain", FEW_DIGITS)
    figure, places = panels(len(REGULARIZERS), columns=3)
    for axes, (name, changes) in zip(places, REGULARIZERS.items(), strict=True):
        run = trained("digits_lenet5", name.replace(" ", "_"), [*FEW_DIGITS, *changes])
        for which, style in ((plain, ":"), (run, "-")):
            axes.plot(*curve(which, "loss"), style, color=BLUE)
            axes.plot(*curve(which, "validation_loss"), style, color=ORANGE)
        accuracies = [each.metrics()["test"]["accuracy"] for each in (run, plain)]
        title = "{}\ntest accuracy {:.3f}, without {:.3f}".format(name, *accuracies)
        axes.set_title(title, fontsize=9)
        axes.set(yscale="log", ylim=(1e-3, 3), xlim=(0, plain.config.training.steps))
    lines = [
        places[0].plot([], [], style, color=colour)[0]
        for style, colour in (("-", BLUE), ("-", ORANGE), (":", FAINT))
    ]
    told = ["train", "validation", "the same without"]
    figure.legend(lines, told, loc="outside lower center", ncols=3, frameon=False)
    return {"regularizers": figure}


def panels(count: int, columns: int = 2) -> tuple[Figure, list[Axes]]:
    """A figure with as many axes, all over steps."""
    rows = -(-count // columns)
    figure = Figure(figsize=(8.0, 2.4 * rows + 0.4), layout="constrained")
    places = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in places:
        axes.set_xlabel("Step")
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, places


PICTURES: Sequence[Callable[[], dict[str, Figure]]] = (
    deep_networks, dying_relu, learning_rates, regularizers,
)  # fmt: skip


def main(directory: Path, names: Sequence[str]) -> None:
    for make in PICTURES:
        if not names or make.__name__ in names:
            for name, figure in make().items():
                save(figure, str(directory / f"{name}.png"))
                print(directory / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
