"""Style transfer: photos as a painter would have painted them, and what a network dreams."""

import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.style_transfer.answers import painting_answers, picture_answers
from dlapps.applications.style_transfer.data import (
    ContentImages,
    StyleSpec,
    load_content,
    load_contents,
    load_style,
)
from dlapps.applications.style_transfer.objectives import (
    NUM_DRAWS,
    Judgement,
    StyleTransferConfig,
    by_dream,
    by_style,
)
from dlapps.applications.style_transfer.pictures import painted, side_by_side
from dlapps.data.batches import Columns, answers_in_order, in_order
from dlapps.data.images.decoding import read_image, to_unit_interval
from dlapps.errors import UsageError, in_short
from dlapps.export.answer import Answer
from dlapps.files import distinct_names
from dlapps.models.generative.fast_style_transfer import fast_style_transfer
from dlapps.models.generative.trained_picture import deep_dream, gatys_style_transfer
from dlapps.training.loop import train
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, stage_seed, supervised_stage

MOST_SHOWN = 6


class StyleTransfer(Application[StyleTransferConfig, StyleSpec]):
    """An image in, a picture of it in another style out; or one picture that is learned itself."""

    config_class = StyleTransferConfig
    spec_class = StyleSpec
    models = {  # noqa: RUF012
        "fast_style_transfer": fast_style_transfer,
        "gatys_style_transfer": gatys_style_transfer,
        "deep_dream": deep_dream,
    }
    judges = {  # noqa: RUF012
        "fast_style_transfer": by_style,
        "gatys_style_transfer": by_style,
        "deep_dream": by_dream,
    }

    def build_data(self) -> ContentImages:
        load = load_content if self.config.is_of_one_picture else load_contents
        return load(self.config.data)

    def build_model(self, spec: StyleSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        return builder(spec.image_shape, **self.config.model_options)

    def stages(self, model: keras.Model, data: ContentImages) -> Iterator[Stage]:
        judgement = self._judgement(data.spec)
        if self.config.is_of_one_picture:
            model.begin_with(to_unit_interval(data["train"].columns["image"][0]))

        def prepare(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
            x = to_unit_interval(columns["image"])
            return x, judgement.targets(x)

        def drawn(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x = to_unit_interval(columns["image"])
            return x, judgement.drawn_targets(x, draws)

        for number, (name, objective) in enumerate(judgement.objectives.items()):
            model.compile(build_optimizer(self.config.training), objective)
            seed = stage_seed(self.config.seed, number)
            stage = supervised_stage(model, data, self.config, prepare, drawn, NUM_DRAWS, seed=seed)
            yield stage._replace(name=name)

    def evaluate(self, model: keras.Model, data: ContentImages, split: str) -> dict[str, Any]:
        batches = in_order(data[split], self.config.evaluation.batch_size, _contents)
        _, parts = answers_in_order(self._measure(model, data.spec), batches)
        means = {name: float(values.mean()) for name, values in parts.items()}
        return {"num_examples": len(data[split]), "loss": sum(means.values()), **means}

    def answers(self, model: keras.Model, spec: StyleSpec) -> dict[str, Answer]:
        return picture_answers(model) if self.config.is_of_one_picture else painting_answers(model)

    def predict(
        self, model: keras.Model, spec: StyleSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict[str, Any]]:
        """As of every application; a run of one picture also learns that of content.jpg:style.jpg,
        with its own settings."""
        records = []
        names = distinct_names([_in_style(text) for text in inputs])
        for text, name in zip(inputs, names, strict=True):
            if self.config.is_of_one_picture and ":" in text:
                records.append({"input": text, **self._another(text, directory, name)})
            else:
                records += super().predict(model, spec, [text], directory)
        return records

    def _another(self, text: str, directory: Path, name: str) -> dict[str, Any]:
        """The record of another content in another style, which is learned now."""
        content, _, style = text.partition(":")
        change = {"name": "image", "path": Path(content), "style": Path(style), "image_size": None}
        data_settings = self.config.data.model_copy(update=change)
        other = type(self)(self.config.model_copy(update={"data": data_settings}))
        try:
            data = other.build_data()
            keras.utils.set_random_seed(self.config.seed)
            model = other.build_model(data.spec)
            with tempfile.TemporaryDirectory() as place:
                for stage in other.stages(model, data):
                    train(stage, Path(place))
        except UsageError as error:
            return {"error": str(error)}
        answer = picture_answers(model)["serving_default"]
        outputs = answer.function(longer_side=tf.constant([max(data.spec.image_shape[:2])]))
        assert answer.show is not None, "a picture is shown"
        arrays = {key: tensor.numpy() for key, tensor in outputs.items()}
        return answer.show(text, arrays, directory, name)

    def pictures(self, model: keras.Model, data: ContentImages) -> dict[str, Figure]:
        batches = in_order(data["test"][:MOST_SHOWN], MOST_SHOWN, _contents)
        contents = next(iter(batches))[0].numpy()
        pictures = model(contents, training=False).numpy()
        if self.config.is_of_one_picture and self.judges[self.config.model["name"]] is by_dream:
            return {"dream": side_by_side({"Content": contents[0], "Dream": pictures[0]})}
        style = load_style(self.config.data)
        if self.config.is_of_one_picture:
            shown = {"Content": contents[0], "Style": style, "Picture": pictures[0]}
            return {"picture": side_by_side(shown)}
        return {"paintings": painted(style, contents, pictures)}

    def pictures_of(
        self, model: keras.Model, spec: StyleSpec, text: str, name: str
    ) -> dict[str, Figure]:
        if self.config.is_of_one_picture:
            return {}
        image = read_image(text, (None, None, 3))
        picture = model(to_unit_interval(image)[None], training=False)[0].numpy()
        return {name: side_by_side({in_short(text): image, "Picture": picture})}

    def _judgement(self, spec: StyleSpec) -> Judgement:
        return self.judges[self.config.model["name"]](self.config, spec.image_shape)

    @functools.lru_cache(maxsize=1)  # noqa: B019 - two splits, one network to measure in
    def _measure(
        self, model: keras.Model, spec: StyleSpec
    ) -> Callable[[tf.Tensor], Mapping[str, tf.Tensor]]:
        """From content images to the parts of the loss [N], by name."""
        judgement = self._judgement(spec)
        *_, objective = judgement.objectives.values()
        return lambda x: objective.parts(judgement.targets(x), model(x, training=False))


def _contents(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    """Batches as `answers_in_order` takes them; there is nothing beside the image."""
    x = to_unit_interval(columns["image"])
    return x, tf.zeros(tf.shape(x)[:1])


def _in_style(text: str) -> str:
    """photos/content.jpg:style.jpg as the name of what comes of it."""
    content, colon, style = text.partition(":")
    return f"{Path(content).stem}_in_{Path(style).stem}" if colon else text
