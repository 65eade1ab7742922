"""Everything a person can see of a run: its pictures, and one page that gathers them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keras

from dlapps.config.schema import Config
from dlapps.errors import UsageError, did_you_mean, in_short
from dlapps.explain.architecture.drawing import architecture_drawing
from dlapps.explain.architecture.picture import architecture_png, architecture_svg
from dlapps.explain.architecture.table import as_csv, layer_table
from dlapps.explain.figures.curves import training_curves
from dlapps.explain.figures.diagnostics import diagnostics_figure
from dlapps.explain.figures.names import field_name
from dlapps.export.description import MODEL_JSON
from dlapps.files import write_atomically, write_into, writing_to
from dlapps.runs.card import MODEL_CARD
from dlapps.runs.command import training_command
from dlapps.runs.documents import ENVIRONMENT, MODEL, facts_of, read_exports
from dlapps.runs.over_time import draw_over_time, views_over_time
from dlapps.runs.report_page import Headline, Picture, Report, picture_of, report_html
from dlapps.runs.trained import TrainedRun


def explain_run(run: TrainedRun) -> list[Path]:
    """Writes `pictures/` and `report.html` of a run and returns their paths, the report last."""
    model = run.model
    metrics = run.metrics()
    networks = _networks(model)
    drawings = {name: architecture_drawing(part) for name, part in networks.items()}
    architecture = [Picture(name, architecture_svg(each)) for name, each in drawings.items()]
    tables = {
        name.replace("architecture", "layers"): layer_table(part)
        for name, part in networks.items()
        if isinstance(part, keras.Function)
    }
    curves = [picture_of("training_curves", training_curves(run.history()))]
    if diagnosed := run.diagnostics():
        curves.append(picture_of("diagnostics", diagnostics_figure(diagnosed)))
    pictures = [
        picture_of(name, figure)
        for name, figure in run.application.pictures(model, run.data).items()
    ]
    over_time = draw_over_time(run, views_over_time(run)) if run.snapshots() else []
    files: dict[str, str | bytes] = {
        f"pictures/{name}": content
        for picture in (*curves, *over_time, *pictures, *architecture)
        for name, content in picture.files().items()
    }
    for name, drawing in drawings.items():
        files[f"pictures/{name}.png"] = architecture_png(drawing)
    files |= {f"pictures/{name}.csv": as_csv(rows) for name, rows in tables.items()}
    report = Report(
        title=run.name,
        subtitle=_subtitle(run),
        headline=headline_of(run.config, metrics),
        command=training_command(run.config, run.name, run.directory),
        metrics=metrics,
        curves=curves,
        over_time=over_time,
        pictures=pictures,
        architecture=architecture,
        layers={field_name(name): rows for name, rows in tables.items()},
        exports=_exports(run),
        facts=facts_of(run.read_json(ENVIRONMENT)),
        config_text=run.config.to_yaml(),
    )
    files["report.html"] = report_html(report)
    with writing_to(run.directory):
        (run.directory / "pictures").mkdir(exist_ok=True)
        for name, contents in files.items():
            write_atomically(run.directory / name, contents)
    return [run.directory / name for name in files]


def _networks(model: keras.Model) -> dict[str, keras.Model]:
    """The model and the models in it, by the names of their drawings."""
    parts = [part for part in model.layers if isinstance(part, keras.Model)]
    return {"architecture": model, **{f"{part.name}_architecture": part for part in parts}}


def draw_further_picture(run: TrainedRun, name: str) -> list[Path]:
    """Writes one picture into `pictures/`, alone, and returns the paths of its files.

    It is one that `explain_run` leaves out, or one over time. Raises UsageError for one that the
    run does not have.
    """
    drawers = run.application.further_pictures(run.model, run.data)
    views = views_over_time(run)
    if name in drawers:
        picture = picture_of(name, drawers[name]())
    elif name in views:
        (picture,) = draw_over_time(run, {name: views[name]})
    else:
        what = f"{run.config.application} with {run.config.model['name']}"
        known = did_you_mean(name, [*drawers, *views])
        raise UsageError(f"{what} has no picture '{in_short(name)}'{known}")
    directory = run.directory / "pictures"
    return [write_into(directory, file, content) for file, content in picture.files().items()]


def _subtitle(run: TrainedRun) -> str:
    told = f"{run.config.application}, seed {run.config.seed}"
    if run.is_finished():
        return told
    history = run.history()
    step = history[-1]["step"] if history else 0
    return f"{told}; unfinished, at step {step}"


def _exports(run: TrainedRun) -> dict[str, list[str]]:
    """The addresses, seen from the report, of what tells of each export that is still there.

    They are those of the model as it is now, not of what it was before it was trained on.
    """
    model = run.read_json(ENVIRONMENT)["digests"].get(MODEL)
    here = run.directory.absolute()
    return {
        str(each.saved_model): [
            quote(os.path.relpath(each.saved_model / name, here))
            for name in (MODEL_CARD, MODEL_JSON)
        ]
        for each in read_exports(run.directory)
        if each.model == model and (each.saved_model / MODEL_CARD).is_file()
    }


def headline_of(config: Config, metrics: Mapping[str, Mapping[str, Any]]) -> Headline | None:
    """The metric to open with, of the test split where there is one; None if nothing was measured.

    It is the one that the config's reference names, else the one that was monitored, else the
    first: whichever was measured.
    """
    split = "test" if "test" in metrics else next(iter(metrics), None)
    if split is None:
        return None
    measured = {name: value for name, value in metrics[split].items() if isinstance(value, float)}
    reference = config.reference
    wanted = [reference.metric] if reference else []
    for name in (*wanted, config.training.monitor, *measured):
        if name in measured:
            return Headline(name, measured[name], split, reference)
    return None
