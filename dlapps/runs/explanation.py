"""Why a run answers single inputs as it does, by the methods that suit its network."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.errors import UsageError, did_you_mean, in_short
from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.explainable import Explainable, Relevance, explainer
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.layer_views import LAYER_VIEWS
from dlapps.explain.methods.catalogue import METHODS
from dlapps.explain.methods.input_optimization import NoGradientError
from dlapps.export.inputs import answer_each
from dlapps.files import distinct_names, write_into
from dlapps.progress import progress
from dlapps.runs.trained import TrainedRun

ALL = "all"
"""In place of a method: every one that suits the network."""


def explain_inputs(
    run: TrainedRun,
    inputs: Sequence[str],
    method: str | None = None,
    target: str | None = None,
    layer: str | None = None,
) -> list[dict[str, Any]]:
    """A record of the `files`, pictures in `predictions/` of a run, that explain each input.

    Inputs are as in `TrainedRun.predict`; one that cannot be explained has an `error` instead.
    `method` is one of METHODS, ALL of them, one of LAYER_VIEWS, or one of the application's own
    `pictures`, by default the one of METHODS that suits the network best; `target` is what is
    explained, such as a class, by default the answer; `layer` is the one whose maps are weighed,
    or that is looked at. Raises UsageError for one that the run does not have.
    """
    model, spec = run.model, run.load_spec()
    application = run.application
    explainable = application.explainable(model, spec)
    figures_by_method = _figures_by_method(run, explainable, method, target, layer)

    def explain(text: str, name: str) -> dict[str, Any]:
        try:
            # Whoever names a method wants what it says, and nothing beside it.
            figures = {} if method else dict(application.pictures_of(model, spec, text, name))
            figures |= figures_by_method(text, name)
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

    return answer_each(inputs, application.answers(model, spec), explain_all)


def _figures_by_method(
    run: TrainedRun,
    explainable: Explainable | None,
    method: str | None,
    target: str | None,
    layer: str | None,
) -> Callable[[str, str], dict[str, Figure]]:
    """From an input and its name to the figures that explain it, by theirs."""
    name = f"{run.config.application} with {run.config.model['name']}"
    if explainable is None:
        if method or target or layer:
            raise UsageError(
                f"No method looks into {name}: explain its inputs without --method, --target and "
                "--layer."
            )
        return lambda text, name: {}
    if method in LAYER_VIEWS:
        return _view(explainable, method, target, layer, name)
    number = _target(explainable, target, name)
    suffix = _file_suffix(method or "explained", target, layer)
    if method is not None and method in explainable.pictures:
        _refuse_layer(explainable, [method], layer, name)
        draw = explainable.pictures[method]
        return lambda text, name: {
            f"{name}_{suffix}": draw(text, explainable.prepare(text), number)
        }
    methods = _methods(explainable, method, name)
    _refuse_layer(explainable, methods, layer, name)
    explainers = {each: explainer(explainable, each, number, layer) for each in methods}

    def relevance(inputs: Sequence[tf.Tensor]) -> dict[str, Relevance]:
        several = (
            progress(explainers.items(), "Methods") if len(explainers) > 1 else explainers.items()
        )
        return {each: explain(inputs) for each, explain in several}

    def figures(text: str, name: str) -> dict[str, Figure]:
        inputs = explainable.prepare(text)
        found = relevance(inputs)
        if len(found) > 1 and not explainable.shows_several:
            return {
                f"{name}_{each}": explainable.show(text, inputs, [values], number)
                for each, values in found.items()
            }
        return {f"{name}_{suffix}": explainable.show(text, inputs, [*found.values()], number)}

    return figures


def _view(
    explainable: Explainable, method: str, target: str | None, layer: str | None, name: str
) -> Callable[[str, str], dict[str, Figure]]:
    """From an input and its name to what layers make of it, by one of LAYER_VIEWS."""
    view = LAYER_VIEWS[method]
    if target is not None:
        raise UsageError(f"{method} explains no answer, so there is no --target: leave it out.")
    known = view.layers(explainable)
    if not known:
        raise UsageError(
            f"{method} looks at what layers make of an image, and {name} takes none or makes no "
            f"maps of it; suitable are {', '.join(sorted(explainable.methods()))}."
        )
    if layer is not None and layer not in known:
        raise UsageError(
            f"{name} has no layer '{in_short(layer)}' that {method} can look at"
            f"{did_you_mean(layer, known)}"
        )
    chosen = [layer] if layer else evenly_chosen(known, view.most_layers)

    def figures(text: str, name: str) -> dict[str, Figure]:
        image = explainable.prepare(text)[0][:1]
        title = f"{in_short(Path(text).name)}: {view.title.lower()}"
        try:
            figure = view.figure(explainable, image, chosen, title)
        except NoGradientError as error:
            raise UsageError(
                f"No gradient goes from {in_short(', '.join(chosen))} to the input of the network: "
                "nothing can be rebuilt."
            ) from error
        return {f"{name}_{_file_suffix(method, layer)}": figure}

    return figures


def _file_suffix(*asked: str | None) -> str:
    """What was asked, as the end of a file's name."""
    return re.sub(r"[^\w.-]+", "-", "_".join(filter(None, asked)))


def _methods(explainable: Explainable, method: str | None, name: str) -> list[str]:
    """The names of the methods that were asked for."""
    suitable = explainable.methods()
    if method == ALL:
        return [each for each in METHODS if each in suitable]
    if method is None:
        return suitable[:1]
    if method in suitable:
        return [method]
    if method in METHODS:
        wanted = (
            "weighs the maps of a layer, and {} has none that say where"
            if METHODS[method].weighs_maps
            else "goes back layer by layer, and {} is more than layers: recurrence, attention"
        )
        raise UsageError(
            f"{METHODS[method].title} {wanted.format(name)}; suitable are "
            f"{', '.join(sorted(suitable))}."
        )
    known = [*METHODS, *LAYER_VIEWS, *explainable.pictures, ALL]
    raise UsageError(f"{name} has no method '{in_short(method)}'{did_you_mean(method, known)}")


def _target(explainable: Explainable, target: str | None, name: str) -> int | None:
    """The number of the target among the network's outputs."""
    if target is None:
        return None
    names = list(explainable.targets)
    if not names:
        raise UsageError(f"{name} tells no classes apart, so there is no --target to choose.")
    if target not in names:
        raise UsageError(
            f"{name} knows no target '{in_short(target)}'{did_you_mean(target, names)}"
        )
    return names.index(target)


def _refuse_layer(
    explainable: Explainable, methods: Sequence[str], layer: str | None, name: str
) -> None:
    """Raises UsageError for a layer that has no maps, or that no method would weigh."""
    if layer is None:
        return
    if not any(each in METHODS and METHODS[each].weighs_maps for each in methods):
        raise UsageError(
            f"{', '.join(methods)} looks at the input, not at a layer: leave --layer out, or take "
            "a --method that weighs maps, such as grad_cam."
        )
    if layer not in explainable.layers:
        raise UsageError(
            f"{name} has no layer '{in_short(layer)}' with maps"
            f"{did_you_mean(layer, explainable.layers)}"
        )
