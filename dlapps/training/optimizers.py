"""Keras' optimizers, schedules, moving averages, as the `training:` section asks for them."""

import contextlib
from collections.abc import Iterator

import keras

from dlapps.config.training import ScheduleSettings, TrainingSettings
from dlapps.training.fused_optimizers import SGD, Adam, AdamW
from dlapps.training.schedule_free import ScheduleFreeAdamW
from dlapps.training.schedules import OneCycle, WarmupStableDecay

OPTIMIZERS = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adadelta": keras.optimizers.Adadelta,
    "adafactor": keras.optimizers.Adafactor,
    "adagrad": keras.optimizers.Adagrad,
    "adamax": keras.optimizers.Adamax,
    "ftrl": keras.optimizers.Ftrl,
    "lamb": keras.optimizers.Lamb,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
    "nadam": keras.optimizers.Nadam,
    "schedule_free_adamw": ScheduleFreeAdamW,
}
# Orthogonal updates are for layers between others; the last is moved as Muon's author moves it.
MUON_OPTIONS = {"exclude_layers": ["logits", "scores"]}


def build_optimizer(settings: TrainingSettings) -> keras.Optimizer:
    """The optimizer of `settings`, with its schedule, clipping, decay and averaging."""
    options = settings.optimizer.model_dump(exclude={"name"}, exclude_none=True)
    if settings.ema_momentum is not None:
        options |= {"use_ema": True, "ema_momentum": settings.ema_momentum}
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    if settings.optimizer.name == "muon":
        # Keras would decay what AdamW moves by a setting of its own.
        options |= {**MUON_OPTIONS, "adam_weight_decay": settings.weight_decay}
    if settings.accumulation_steps > 1:
        options["gradient_accumulation_steps"] = settings.accumulation_steps
    return OPTIMIZERS[settings.optimizer.name](
        learning_rate=build_schedule(
            settings.schedule, settings.learning_rate, settings.steps // settings.accumulation_steps
        ),
        global_clipnorm=settings.clip_norm,
        **options,
    )


def build_schedule(
    settings: ScheduleSettings, learning_rate: float, updates: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over `updates` updates of the weights."""
    schedules = keras.optimizers.schedules
    if settings.name == "exponential":
        return schedules.ExponentialDecay(learning_rate, settings.decay_steps, settings.decay_rate)
    if settings.name == "polynomial":
        end = settings.final_fraction * learning_rate
        return schedules.PolynomialDecay(learning_rate, updates, end, settings.power)
    if settings.name == "piecewise":
        values = [learning_rate, *(factor * learning_rate for factor in settings.factors)]
        return schedules.PiecewiseConstantDecay(list(settings.boundaries), values)
    if settings.name == "one_cycle":
        rise = settings.warmup_steps or updates // 3
        ends = (settings.initial_fraction * learning_rate, settings.final_fraction * learning_rate)
        return OneCycle(learning_rate, updates, rise, *ends)
    if settings.name == "warmup_stable_decay":
        end = settings.final_fraction * learning_rate
        return WarmupStableDecay(
            learning_rate, updates, settings.warmup_steps, settings.decay_steps, end
        )
    # A cosine that ends where it began is a constant learning rate with Keras' own warm-up.
    final_fraction = 1.0 if settings.name == "constant" else settings.final_fraction
    if settings.name == "constant" and not settings.warmup_steps:
        return learning_rate
    if not settings.warmup_steps:
        return schedules.CosineDecay(learning_rate, updates, final_fraction)
    return schedules.CosineDecay(
        0.0,
        max(updates - settings.warmup_steps, 1),
        final_fraction,
        warmup_target=learning_rate,
        warmup_steps=settings.warmup_steps,
    )


def optimizers_of(model: keras.Model) -> dict[str, keras.Optimizer]:
    """Every optimizer that is an attribute of `model`, by the attribute's name.

    Most models have one, `optimizer`; adversaries have one each; a rule that computes its own
    updates may have none.
    """
    found: dict[str, keras.Optimizer] = {}
    for name, value in vars(model).items():
        if isinstance(value, keras.Optimizer) and all(value is not o for o in found.values()):
            found[name] = value
    return found


def learning_rates(model: keras.Model) -> dict[str, float]:
    """The learning rates as they stand: `learning_rate`, `discriminator_learning_rate`, ..."""
    return {
        name.replace("optimizer", "learning_rate"): float(
            keras.ops.convert_to_numpy(optimizer.learning_rate)
        )
        for name, optimizer in optimizers_of(model).items()
    }


def keep_averages(model: keras.Model) -> None:
    """Overwrites the weights with their averages, where an optimizer keeps them."""
    for optimizer in _averaging(model):
        # Each knows its own weights: with two optimizers, neither has all of the model's.
        optimizer.finalize_variable_values(optimizer._trainable_variables)


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Swaps in the averages, if any are kept, for the block."""
    if not _averaging(model):
        yield
        return
    raw = [variable.numpy() for variable in model.trainable_variables]
    keep_averages(model)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)


def _averaging(model: keras.Model) -> list[keras.Optimizer]:
    """The optimizers that keep an average, by Keras' own means or as part of their rule."""
    optimizers = [_without_scale(optimizer) for optimizer in optimizers_of(model).values()]
    return [each for each in optimizers if each.use_ema or isinstance(each, ScheduleFreeAdamW)]


def _without_scale(optimizer: keras.Optimizer) -> keras.Optimizer:
    """The optimizer that was asked for, inside the one that Keras puts around it in float16."""
    is_scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if is_scaled else optimizer
