"""What can be asked of a trained run: to be measured, to answer, to be exported."""

import dataclasses
import functools
import inspect
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from dlapps.applications import load_application
from dlapps.applications.base import Calibration
from dlapps.config.files import read_text
from dlapps.data.sources.published import origin_of
from dlapps.data.splits import Data
from dlapps.errors import UsageError, did_you_mean, in_short, reason
from dlapps.export.description import MODEL_JSON, Signatures, model_description
from dlapps.export.inputs import answer_each
from dlapps.export.other_formats import Splits, choose_format, write_other_format
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.files import json_text
from dlapps.runs.card import MODEL_CARD, ModelCard, card_text
from dlapps.runs.command import training_command
from dlapps.runs.directory import known_runs, read_config
from dlapps.runs.documents import (
    CALIBRATION,
    ENVIRONMENT,
    EXPORTS,
    METRICS,
    MODEL,
    Exported,
    facts_of,
    is_as_written,
    read_calibrated,
    read_exports,
)
from dlapps.runs.run import Run
from dlapps.training.checkpoints import Progress
from dlapps.training.diagnostics_file import DIAGNOSTICS, DiagnosticsRow, read_diagnostics
from dlapps.training.hardware import dtype_policy
from dlapps.training.history import read_history
from dlapps.training.loop import restore_best_so_far, restore_ended
from dlapps.training.snapshots import Snapshot, read_snapshots
from dlapps.training.stage import Stage

logger = logging.getLogger(__name__)

LONGEST_NAME = 200
"""Bytes of a model's name, which is a folder's, too."""
IN_CARD = {"config", "data_fingerprints", "digests", "examples"}
"""What a model card tells of `environment.json` elsewhere than among its facts, or not at all."""

MAY_CHANGE, IS_KEPT = ("data", "evaluation"), "evaluation.precision"
"""The sections of a trained run's config that may be set anew: where its data lie, how it is
measured; but its model was written in one precision."""


def open_run(
    application_name: str, directory: Path, assignments: Sequence[str] = ()
) -> "TrainedRun":
    """The run in `directory`, which must be one of this application's.

    `assignments` are `KEY=VALUE` overrides: where its data lie now, or how it is to be measured.
    """
    path = directory / "config.yaml"
    if not path.is_file():
        known = did_you_mean(directory, known_runs(application_name, directory))
        if directory.is_dir():
            raise UsageError(f"{directory} is not a run: it has no config.yaml" + known)
        raise UsageError(f"There is no run {directory}" + known)
    application = load_application(application_name)
    may_change = (*MAY_CHANGE, *application.config_class.asked_with)
    for assignment in assignments:
        section = assignment.partition(".")[0]
        if section not in may_change or assignment.startswith(IS_KEPT):
            raise UsageError(
                f"--set {assignment}: a run that is there keeps its settings; only those of "
                f"{' and '.join(may_change)} may be given anew, and not {IS_KEPT}."
            )
    config = read_config(application_name, read_text(path), str(path), assignments)
    moved = any(assignment.startswith("data.") for assignment in assignments)
    return TrainedRun(directory, application(config), moved)


@dataclasses.dataclass(frozen=True)
class TrainedRun(Run):
    """A run to be asked. Model and data are loaded when they are first needed, and then kept."""

    data_was_moved: bool = False
    """Whether the config names another place for the data than the run's own."""

    @property
    def name(self) -> str:
        """The name of its config."""
        return self.read_json(ENVIRONMENT)["config"]

    def evaluate(self) -> dict[str, dict[str, Any]]:
        """The metrics on the splits that nothing was learned from, also kept in metrics.json."""
        model, data = self.model, self.data
        metrics = {
            split: self.application.evaluate(model, data, split) for split in data.held_out()
        }
        self._write_json(METRICS, metrics)
        return metrics

    def metrics(self) -> dict[str, dict[str, Any]]:
        """The metrics in metrics.json; measured first where that was not done."""
        if (self.directory / METRICS).exists():
            return self.read_json(METRICS)
        logger.info("%s was not evaluated yet; that is done first.", self.directory)
        return self.evaluate()

    def predict(self, inputs: Sequence[str], directory: Path | None = None) -> list[dict]:
        """One record of answers for each input; files go to `directory`, or to predictions/.

        Where there are files to be read, a folder or a glob stands for those in it. The record of
        an input that cannot be answered has an `error` instead.
        """
        directory = directory or self.directory / "predictions"
        model, spec = self.model, self.load_spec()
        return answer_each(
            inputs,
            self.application.answers(model, spec),
            lambda texts: self.application.predict(model, spec, texts, directory),
        )

    def stream(self, text: str) -> Iterator[str] | None:
        """The answer for one input in pieces, as they are made; None where it is whole at once."""
        return self.application.stream(self.model, self.load_spec(), text)

    def detections(self, text: str) -> Iterator[dict[str, Any]]:
        """What is found in one long input, each as soon as it is found; raises UsageError where
        inputs are answered as a whole, and for an input that cannot be searched."""
        found = self.application.detections(self.model, self.load_spec(), text)
        if found is None:
            raise UsageError(
                "--stream searches long recordings; "
                f"{self.directory} answers each input as a whole."
            )
        return found

    def export(self, directory: Path, name: str | None = None) -> Path:
        """Writes `directory/<name>/<version>` and returns it; `name` is by default its config's."""
        name = self._export_name(name)
        answers = self.application.answers(self.model, self.load_spec())
        exported = write_saved_model(
            directory / name,
            answers,
            parity_tolerance(self.model),
            functools.partial(self._documents, name),
        )
        self._remember(exported)
        return exported

    def export_network(
        self,
        directory: Path,
        name: str | None,
        format_name: str,
        signature: str | None = None,
        quantize: str | None = None,
    ) -> Path:
        """Writes `directory/<name>/<format>-<version>` and returns it, a folder of files.

        They hold the answers from numbers to numbers, or the one called `signature`, as `onnx` or
        `litert`, where `quantize` may be `int8`: then the run's data are read to fit them to.
        """
        name = self._export_name(name)
        chosen = choose_format(format_name, quantize)
        if any(layer.compute_dtype != "float32" for layer in self.model._flatten_layers()):
            raise UsageError(
                f"{self.directory} computes in {self.config.evaluation.precision}; {chosen.title} "
                "is written from float32, which is what evaluation.precision is unless it is set."
            )
        splits = Splits(self.data["train"], self.data["validation"]) if quantize else None
        return write_other_format(
            directory / name,
            self.application.numeric_answers(self.model, self.load_spec()),
            chosen,
            {"application": self.config.application, "config": self.name, "format": chosen.title},
            signature=signature,
            splits=splits,
        )

    def _export_name(self, name: str | None) -> str:
        name = self.name if name is None else name
        if Path(name).name != name or name in ("", "..") or not name.isprintable():
            raise UsageError(
                f"{in_short(repr(name))} cannot name a model; a name has no folders in it."
            )
        if len(os.fsencode(name)) > LONGEST_NAME:
            raise UsageError(
                f"{in_short(repr(name))} cannot name a model; a name has at most {LONGEST_NAME} "
                "bytes."
            )
        return name

    def _documents(self, name: str, signatures: Signatures) -> dict[str, str]:
        """What lies beside the SavedModel called `name`, by file name."""
        description = model_description(name, self.config.application, signatures)
        return {
            MODEL_JSON: json_text(description) + "\n",
            MODEL_CARD: card_text(self._card(name, signatures)),
        }

    def _card(self, name: str, signatures: Signatures) -> ModelCard:
        config, environment = self.config, self.read_json(ENVIRONMENT)
        fingerprints, examples = environment["data_fingerprints"], environment.get("examples", {})
        is_measured = self.is_finished() and (self.directory / METRICS).exists()
        return ModelCard(
            name=name,
            application=config.application,
            summary=(inspect.getdoc(type(self.application)) or "").partition("\n")[0],
            network=config.model["name"],
            num_parameters=self.model.count_params(),
            signatures=signatures,
            data_name=config.data.name,
            origin=origin_of(config.data),
            examples=examples,
            fingerprints=fingerprints,
            seed=config.seed,
            is_finished=self.is_finished(),
            metrics=self.read_json(METRICS) if is_measured else {},
            reference=config.reference,
            command=training_command(config, self.name, self.directory),
            facts=facts_of({k: v for k, v in environment.items() if k not in IN_CARD}),
        )

    def _remember(self, exported: Path) -> None:
        """Notes where it was exported to; a run that may only be read is exported all the same."""
        is_finished = self.is_finished()
        digest = self.read_json(ENVIRONMENT)["digests"].get(MODEL) if is_finished else None
        path = exported.absolute()
        try:
            if not str(path).isprintable():
                raise UsageError(f"No link can be made to {in_short(str(path))}.")
            entries = [*read_exports(self.directory), Exported(saved_model=path, model=digest)]
            self._write_json(EXPORTS, [entry.model_dump(mode="json") for entry in entries])
        except UsageError as error:
            logger.warning("%s The report of the run will not link this export.", error)

    @functools.cached_property
    def model(self) -> keras.Model:
        """The trained model as it is to be asked; of an unfinished run, its best weights so far."""
        model, calibration = self._model_as_trained(), self.application.calibration()
        if calibration is None:
            return model
        return calibration.apply(model, self._found(calibration, model))

    def _found(self, calibration: Calibration, model: keras.Model) -> float:
        """The number that corrects the model's answers; found once, and kept with the run."""
        digest = self.read_json(ENVIRONMENT)["digests"].get(MODEL) if self.is_finished() else None
        if digest is None:
            return calibration.find(model, self.data)
        kept = read_calibrated(self.directory, digest)
        if calibration.name not in kept.values:
            kept.values[calibration.name] = calibration.find(model, self.data)
            try:
                self._write(CALIBRATION, kept.model_dump_json(indent=1) + "\n")
            except UsageError as error:
                logger.warning("%s It will be found again each time.", error)
        return kept.values[calibration.name]

    def _model_as_trained(self) -> keras.Model:
        if not self.is_finished():
            return self._model_so_far()
        anew = "Training again with the same command writes it anew from the last checkpoint."
        if not is_as_written(self.directory, MODEL):
            raise UsageError(
                f"{self._model_path} is not the one that this run wrote: it was damaged or "
                f"replaced. {anew}"
            )
        try:
            return keras.saving.load_model(self._model_path, compile=False)
        except Exception as error:  # Keras stumbles over a broken file in any way there is.
            raise UsageError(
                f"{self._model_path} is unreadable: {reason(error)}. {anew}"
            ) from error

    def _model_so_far(self) -> keras.Model:
        data = self.data
        precision = self.read_json(ENVIRONMENT)["precision"]
        with dtype_policy(precision):
            keras.utils.set_random_seed(self.config.seed)
            model = self.application.build_model(data.spec)
            for stage in self.application.stages(model, data):
                if restore_ended(stage, self.directory) is None:
                    progress = restore_best_so_far(stage, self.directory)
                    self._say_unfinished(stage, progress)
                    break
        return self._in_precision(model, precision, data.spec)

    def _say_unfinished(self, stage: Stage, progress: Progress | None) -> None:
        if progress is None:
            raise UsageError(
                f"The run {self.directory} has no checkpoint yet to answer from. The same train "
                "command continues it."
            )
        best = stage.settings.restore_best_weights and progress.best_step
        logger.warning(
            "The run %s has not finished training: it is at step %d of %d. These are its %s.",
            self.directory,
            progress.step,
            stage.settings.steps,
            f"best weights so far, of step {best}" if best else "last weights",
        )

    @functools.cached_property
    def data(self) -> Data:
        """The data the run was trained on, read again; a change is refused or said."""
        data = self._built_data
        if self.load_spec() != data.spec:
            raise UsageError(
                f"The data of {self.directory} are no longer what it was trained on: they were "
                f"{self.load_spec()!r} and are {data.spec!r}."
            )
        if self._was_trained_on(data):
            return data
        if self.data_was_moved:
            raise UsageError(
                f"These are not the data that {self.directory} was trained on: their content "
                "differs."
            )
        logger.warning(
            "The examples have changed since %s was trained; some of those it is measured on "
            "may be among those it learned from.",
            self.directory,
        )
        return data

    def history(self) -> list[dict[str, float]]:
        """The rows of history.csv."""
        return read_history(self.directory / "history.csv")

    def diagnostics(self) -> list[DiagnosticsRow]:
        """The rows of diagnostics.csv; none where nothing was measured layer by layer."""
        return read_diagnostics(self.directory / DIAGNOSTICS)

    def snapshots(self) -> list[Snapshot]:
        """The weights that were kept while it learned, the first first; none where none were."""
        return read_snapshots(self.directory)

    @functools.cached_property
    def past_model(self) -> keras.Model:
        """Another such model, for the weights of snapshots to be put into."""
        return self._untrained(self.load_spec())
