"""Everything a person can see of a run: its pictures, and one page that gathers them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from matplotlib.figure import Figure

from dlapps.applications.base import Explainable
from dlapps.errors import UsageError
from dlapps.explain.architecture.picture import architecture_figure, architecture_svg
from dlapps.explain.figures.curves import training_curves
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.methods.grad_cam import grad_cam
from dlapps.explain.methods.gradient_times_input import gradient_times_input
from dlapps.export.inputs import answer_each
from dlapps.files import distinct_names, write_atomically, write_into, writing_to
from dlapps.progress import progress
from dlapps.runs.report_page import report_html
from dlapps.runs.trained import TrainedRun


def explain_run(run: TrainedRun) -> list[Path]:
    """Writes `pictures/` and `report.html` of a run and returns their paths, the report last."""
    model = run.model
    metrics = run.metrics()
    parts = {
        f"{part.name}_architecture": part for part in model.layers if isinstance(part, keras.Model)
    }
    architectures = {"architecture": model, **parts}
    drawings = {name: architecture_svg(part) for name, part in architectures.items()}
    figures = {
        "training_curves": training_curves(run.history()),
        **run.application.pictures(model, run.data),
    }
    pngs = {name: png_bytes(figure) for name, figure in figures.items()}
    files: dict[str, str | bytes] = {f"pictures/{name}.png": png for name, png in pngs.items()}
    for name, part in architectures.items():
        files[f"pictures/{name}.png"] = png_bytes(architecture_figure(part))
        files[f"pictures/{name}.svg"] = drawings[name]
    files["report.html"] = report_html(
        f"{run.config.application}: {run.name}, seed {run.config.seed}",
        _facts(run),
        run.config.to_yaml(),
        metrics,
        {**pngs, **drawings},
    )
    with writing_to(run.directory):
        (run.directory / "pictures").mkdir(exist_ok=True)
        for name, contents in files.items():
            write_atomically(run.directory / name, contents)
    return [run.directory / name for name in files]


def explain_inputs(run: TrainedRun, inputs: Sequence[str]) -> list[dict[str, Any]]:
    """A record of the `files`, pictures in `predictions/` of a run, that explain each input.

    Inputs are as in `TrainedRun.predict`; one that cannot be explained has an `error` instead.
    """
    model, spec = run.model, run.load_spec()
    explainable = run.application.explainable(model, spec)

    def explain(text: str, name: str) -> dict[str, Any]:
        try:
            figures = dict(run.application.pictures_of(model, spec, text, name))
            if explainable is not None:
                figures[f"{name}_explained"] = _explained(explainable, text)
        except UsageError as error:
            return {"input": text, "error": str(error)}
        if not figures:
            raise UsageError(
                f"{run.config.application} draws no pictures of single inputs; without them, "
                "explain draws what the run learned."
            )
        directory = run.directory / "predictions"
        pngs = {f"{name}.png": png_bytes(figure) for name, figure in figures.items()}
        files = [str(write_into(directory, name, png)) for name, png in pngs.items()]
        return {"input": text, "files": files}

    def explain_all(texts: Sequence[str]) -> list[dict[str, Any]]:
        named = list(zip(texts, distinct_names(texts), strict=True))
        return [explain(text, name) for text, name in progress(named, "Explaining")]

    return answer_each(inputs, run.application.answers(model, spec), explain_all)


def _explained(explainable: Explainable, text: str) -> Figure:
    """Why the model answers this input as it does, by the method that suits its network."""
    network, prepare, score, show, tap = explainable
    inputs = prepare(text)
    if tap is None:
        relevance = gradient_times_input(network, inputs, score)
    else:
        relevance = grad_cam(network, inputs, score, tap)
    return show(text, inputs, relevance)


def _facts(run: TrainedRun) -> dict[str, str]:
    environment = run.read_json("environment.json")
    packages = environment.pop("packages")
    flat = {**environment, **packages}
    return {
        name.replace("_", " "): ", ".join(f"{k} {v}" for k, v in value.items())
        if isinstance(value, dict)
        else str(value)
        for name, value in flat.items()
        if value not in (None, [], {})
    }
