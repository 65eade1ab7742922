"""The `training:` section of a config."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dlapps.config.section import Positive, Section

OPTIMIZER_OPTIONS = {
    "sgd": {"momentum", "nesterov"},
    "adam": {"beta_1", "beta_2", "epsilon", "amsgrad"},
    "adamw": {"beta_1", "beta_2", "epsilon", "amsgrad"},
    "rmsprop": {"momentum", "rho", "epsilon", "centered"},
    "adadelta": {"rho", "epsilon"},
    "adafactor": {"relative_step"},
    "adagrad": {"epsilon"},
    "adamax": {"beta_1", "beta_2", "epsilon"},
    "ftrl": set(),
    "lamb": {"beta_1", "beta_2", "epsilon"},
    "lion": {"beta_1", "beta_2"},
    "muon": {"momentum", "nesterov", "epsilon"},
    "nadam": {"beta_1", "beta_2", "epsilon"},
    "schedule_free_adamw": {"beta_1", "beta_2", "epsilon"},
}
SCHEDULE_OPTIONS = {
    "constant": {"warmup_steps"},
    "cosine": {"warmup_steps", "final_fraction"},
    "polynomial": {"final_fraction", "power"},
    "exponential": {"decay_steps", "decay_rate"},
    "piecewise": {"boundaries", "factors"},
    "one_cycle": {"warmup_steps", "initial_fraction", "final_fraction"},
    "warmup_stable_decay": {"warmup_steps", "decay_steps", "final_fraction"},
}


def _refuse_foreign_options(
    section: Section, kind: str, name: str, takes: dict[str, set[str]]
) -> None:
    changed = set(section.model_dump(exclude_defaults=True)) - {"name"}
    foreign = sorted(changed - takes[name])
    if foreign:
        options = ", ".join(sorted(takes[name])) or "no options"
        raise ValueError(f"{kind} {name} has no {foreign[0]}; it takes {options}")


class OptimizerSettings(Section):
    """Which of Keras' optimizers to use; an option left out keeps Keras' default.

    muon moves the kernels of dense layers but for `logits` and `scores`, and all else by AdamW,
    convolutions too. schedule_free_adamw wants a constant learning rate, with or without warm-up;
    what validates and is kept are its averages.
    """

    name: Literal[
        "sgd", "adam", "adamw", "rmsprop", "adadelta", "adafactor", "adagrad", "adamax", "ftrl",
        "lamb", "lion", "muon", "nadam", "schedule_free_adamw",
    ] = "adam"  # fmt: skip
    momentum: float | None = None
    nesterov: bool | None = None
    beta_1: float | None = None
    beta_2: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    amsgrad: bool | None = None
    centered: bool | None = None
    relative_step: bool | None = None
    """adafactor: a learning rate of at most 1 / sqrt(step)."""

    @model_validator(mode="after")
    def _check_options(self):
        _refuse_foreign_options(self, "the optimizer", self.name, OPTIMIZER_OPTIONS)
        return self


class ScheduleSettings(Section):
    """How the learning rate moves over the run."""

    name: Literal[
        "constant", "cosine", "polynomial", "exponential", "piecewise", "one_cycle",
        "warmup_stable_decay",
    ] = "constant"  # fmt: skip
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps of rise from zero; of one_cycle from `initial_fraction`, and 0 is a third of all."""
    initial_fraction: Annotated[float, Field(ge=0, le=1)] = 0.04
    """Where one_cycle begins, as a fraction of the learning rate."""
    final_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Where the learning rate ends, as a fraction of itself."""
    power: float = 1.0
    """Exponent of the polynomial; 1 is a straight line."""
    decay_steps: Positive = 1000
    """Steps in which the exponential falls by `decay_rate`; the last steps, in which
    warmup_stable_decay falls along a straight line."""
    decay_rate: float = 0.9
    boundaries: tuple[int, ...] = ()
    """Steps at which the piecewise schedule changes."""
    factors: tuple[float, ...] = ()
    """What the learning rate is multiplied with after each boundary."""

    @model_validator(mode="after")
    def _check_options(self):
        _refuse_foreign_options(self, "the schedule", self.name, SCHEDULE_OPTIONS)
        if len(self.boundaries) != len(self.factors):
            raise ValueError("the schedule needs one factor for each boundary")
        return self


class EarlyStoppingSettings(Section):
    """When to give up."""

    patience: Positive
    """Validations without an improvement after which training ends."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """What counts as an improvement at all."""


def _not_one(snapshots: int) -> int:
    if snapshots == 1:
        raise ValueError("over time takes a first and a last; give 0 or at least 2")
    return snapshots


class TrainingSettings(Section):
    """How long, how fast and on what a model is trained."""

    steps: Positive
    """Batches to learn from."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    schedule: ScheduleSettings = ScheduleSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """Decoupled weight decay, as a fraction of the learning rate."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Largest norm of all gradients together."""
    ema_momentum: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Keep an exponential moving average of the weights; it is what validates and is kept."""
    accumulation_steps: Positive = 1
    """Batches whose gradients are averaged into one update."""

    checkpoint_every: Positive = 500
    """Steps between checkpoints: what `kill -9` can lose at most."""
    validate_every: Positive = 500
    """Steps between looks at the validation split."""
    log_every: Positive = 100
    """Steps between rows of history.csv."""
    diagnostics: bool = False
    """Measure gradients, updates and activations layer by layer at each of those rows, into
    diagnostics.csv. With a row every 100 steps it costs 1.5 % of the time of mnist_lenet5 and of
    mnist_mlp, 5 % of a network as small as digits_deep_relu, and 2 s at the start; no weight
    changes by it."""
    snapshots: Annotated[int, Field(ge=0, le=100), AfterValidator(_not_one)] = 0
    """Keep the weights of so many steps, evenly from the first to the last, for what `explain`
    draws over time. Each takes the room of the weights and the time of one write; 0: none."""
    monitor: str = "loss"
    """The validation metric by which the best checkpoint is chosen."""
    mode: Literal["min", "max"] = "min"
    """Whether a smaller or a larger `monitor` is better."""
    early_stopping: EarlyStoppingSettings | None = None
    restore_best_weights: bool = True
    """Keep the weights that validated best; false keeps the last."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    distribution: Literal["auto", "single", "mirrored", "multi_worker"] = "auto"
    """auto: several machines if TF_CONFIG names them, else every GPU of this one."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """auto: the small format that this machine multiplies fast, if most weights of the network
    stand in products long enough to gain by it; else float32. The run records which."""
    jit: Literal["auto", True, False] = "auto"
    """Compile the step with XLA; auto: on a GPU, where the model allows it."""
    steps_per_call: Literal["auto"] | Positive = "auto"
    """Steps inside one call of TensorFlow; auto: as many as fit in a tenth of a second."""

    @model_validator(mode="after")
    def _check_schedule_free(self):
        if self.optimizer.name == "schedule_free_adamw":
            if self.schedule.name != "constant":
                raise ValueError(
                    "schedule_free_adamw needs no schedule: choose schedule constant, with "
                    "warmup_steps or without"
                )
            if self.ema_momentum is not None:
                raise ValueError(
                    "schedule_free_adamw keeps an average of its own: leave out ema_momentum"
                )
        return self

    def doubts(self) -> list[str]:
        """Sentences on what may be asked for, but was hardly meant."""
        updates, warmup_steps = self.steps // self.accumulation_steps, self.schedule.warmup_steps
        if not updates:
            return [
                f"training.accumulation_steps {self.accumulation_steps} is more than "
                f"training.steps {self.steps}: the weights are never updated."
            ]
        if warmup_steps >= updates:
            return [
                f"training.schedule.warmup_steps {warmup_steps} is as long as the run, or "
                f"longer, which has {updates} updates: the learning rate rises to the end."
            ]
        return []
