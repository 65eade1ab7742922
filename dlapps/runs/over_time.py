"""What a run was like while it learned: its snapshots put into its model one after another."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlapps.errors import UsageError
from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.figures.gif import film_bytes
from dlapps.explain.figures.weights_over_time import weights_over_time
from dlapps.explain.over_time import OverTime
from dlapps.progress import progress
from dlapps.runs.report_page import Picture, picture_of
from dlapps.runs.trained import TrainedRun

MOST_FRAMES = 40
"""Of an animation, so that it ends before its viewer is tired."""


def views_over_time(run: TrainedRun) -> dict[str, OverTime]:
    """What can be seen of the run over time, by the names of the pictures."""
    of_application = run.application.over_time(run.past_model, run.data)
    return {**of_application, "weights_over_time": weights_over_time(run.past_model)}


def draw_over_time(run: TrainedRun, views: Mapping[str, OverTime]) -> list[Picture]:
    """The pictures of `views`, by the snapshots of the run; UsageError where it has none."""
    snapshots = run.snapshots()
    if not snapshots:
        raise UsageError(
            f"{' and '.join(views)} can be drawn only of a run that was trained with "
            f"--set training.snapshots=12, or another number; {run.directory} was not."
        )
    seen: dict[str, list[Any]] = {name: [] for name in views}
    for snapshot in progress(snapshots, "Snapshots"):
        snapshot.restore(run.past_model)
        for name, view in views.items():
            seen[name].append(view.look())
    steps = [snapshot.step for snapshot in snapshots]
    return [
        _drawn(name, view, steps, seen[name])
        for name, view in progress(views.items(), "Pictures over time", len(views))
    ]


def _drawn(name: str, view: OverTime, steps: Sequence[int], seen: Sequence[Any]) -> Picture:
    picture = picture_of(name, view.draw(steps, seen))
    if view.frame is None:
        return picture
    frames = [view.frame(*each) for each in evenly_chosen([*zip(steps, seen)], MOST_FRAMES)]
    return picture._replace(film=film_bytes(frames))
