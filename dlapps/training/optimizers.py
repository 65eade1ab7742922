"""Keras' optimizers and schedules, as the `training:` section asks for them."""

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
    """The optimizer of `settings`, with its schedule, clipping and decay.

    The averages that `settings` may ask for are kept by the loop: see `averages.py`.
    """
    options = settings.optimizer.model_dump(exclude={"name"}, exclude_none=True)
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
