"""Everything a person can see of a run: its pictures, and one page that gathers them."""

import logging
from collections.abc import Sequence
from pathlib import Path

import keras

from dlapps.errors import UsageError
from dlapps.explain.architecture.picture import architecture_figure, architecture_svg
from dlapps.explain.figures.curves import training_curves
from dlapps.explain.figures.png import png_bytes
from dlapps.runs.report_page import report_html
from dlapps.files import write_atomically, write_into, writing_to
from dlapps.runs.run import Run

logger = logging.getLogger(__name__)


def explain_run(run: Run) -> list[Path]:
    """Writes `pictures/` and `report.html` of a run and returns their paths, the report last."""
    model = run.load_model()
    parts = {
        f"{part.name}_architecture": part for part in model.layers if isinstance(part, keras.Model)
    }
    architectures = {"architecture": model, **parts}
    drawings = {name: architecture_svg(part) for name, part in architectures.items()}
    figures = {
        "training_curves": training_curves(run.history()),
        **run.application.pictures(model, run.load_data()),
    }
    pngs = {name: png_bytes(figure) for name, figure in figures.items()}
    files = {f"pictures/{name}.png": png for name, png in pngs.items()}
    for name, part in architectures.items():
        files[f"pictures/{name}.png"] = png_bytes(architecture_figure(part))
        files[f"pictures/{name}.svg"] = drawings[name]
    files["report.html"] = report_html(
        f"{run.config.application}: {run.name}, seed {run.config.seed}",
        _facts(run),
        run.config.to_yaml(),
        _metrics(run),
        {**pngs, **drawings},
    )
    with writing_to(run.directory):
        (run.directory / "pictures").mkdir(exist_ok=True)
        for name, contents in files.items():
            write_atomically(run.directory / name, contents)
    return [run.directory / name for name in files]


def explain_inputs(run: Run, inputs: Sequence[str]) -> list[Path]:
    """Writes pictures of single inputs into `predictions/` of a run and returns their paths."""
    figures = run.application.pictures_of(run.load_model(), run.load_spec(), inputs)
    if not figures:
        raise UsageError(
            f"{run.config.application} draws no pictures of single inputs; without them, explain "
            "draws what the run learned."
        )
    directory = run.directory / "predictions"
    return [
        write_into(directory, f"{name}.png", png_bytes(figure)) for name, figure in figures.items()
    ]


def _facts(run: Run) -> dict[str, str]:
    environment = run.read_json("environment.json")
    packages = environment.pop("packages")
    flat = {**environment, **packages}
    return {
        name.replace("_", " "): ", ".join(f"{k} {v}" for k, v in value.items())
        if isinstance(value, dict)
        else str(value)
        for name, value in flat.items()
        if value not in (None, [])
    }


def _metrics(run: Run) -> dict:
    if not (run.directory / "metrics.json").exists():
        logger.info("%s was not evaluated yet; that is done first.", run.directory)
        return run.evaluate()
    return run.read_json("metrics.json")
