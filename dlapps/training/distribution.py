"""One device, all GPUs of a machine, or several machines: which strategy, and what it needs."""

import json
import os
import socket
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import keras
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import Batches
from dlapps.errors import UsageError


def choose_strategy(settings: TrainingSettings) -> tf.distribute.Strategy:
    """The strategy to build and train the model under."""
    strategy = _strategy_of(settings.distribution)
    if strategy.num_replicas_in_sync > 1 and settings.accumulation_steps > 1:
        raise UsageError(
            "training.accumulation_steps works on one device only (keras#20582). With several, "
            "raise data.batch_size, or use training.distribution=single."
        )
    return strategy


def _strategy_of(distribution: str) -> tf.distribute.Strategy:
    cluster = read_cluster()
    if distribution == "auto":
        distribution = "multi_worker" if cluster else "mirrored"
        if not cluster and len(tf.config.get_visible_devices("GPU")) < 2:
            distribution = "single"
    if distribution == "multi_worker":
        if not cluster:
            raise UsageError(
                "training.distribution is multi_worker, but TF_CONFIG does not name the workers. "
                "Set TF_CONFIG on each machine, or use training.distribution=single."
            )
        _check_port(*cluster)
        return _made_once(tf.distribute.MultiWorkerMirroredStrategy)
    if distribution == "mirrored":
        return _made_once(tf.distribute.MirroredStrategy)
    return tf.distribute.get_strategy()


@cache
def _made_once(kind: type[tf.distribute.Strategy]) -> tf.distribute.Strategy:
    """The strategy of that kind, one for all trainings of this process.

    Each numbers its sums over the replicas from 1, and TensorFlow fails where it meets a number
    again for a tensor of another shape.
    """
    return kind()


def read_cluster() -> tuple[list[str], int] | None:
    """The workers' addresses and this worker's index, or None when TF_CONFIG names fewer than two.

    Asks for no TensorFlow runtime: the chief is worker 0.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text.strip():
        return None
    try:
        config = json.loads(text)
        workers = list(config["cluster"]["worker"])
        kind, index = config["task"]["type"], int(config["task"]["index"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            'TF_CONFIG is not of the form {"cluster": {"worker": ["host:port", ...]}, '
            '"task": {"type": "worker", "index": 0}}.'
        ) from error
    if kind != "worker" or set(config["cluster"]) != {"worker"} or not 0 <= index < len(workers):
        raise UsageError(
            f"TF_CONFIG names task {kind} {index}, but dlapps trains with workers only: "
            f"there are {len(workers)}, numbered from 0."
        )
    return (workers, index) if len(workers) > 1 else None


def is_chief() -> bool:
    """Whether this process is the one that writes the run."""
    cluster = read_cluster()
    return cluster is None or cluster[1] == 0


def num_workers() -> int:
    """How many processes train together."""
    cluster = read_cluster()
    return len(cluster[0]) if cluster else 1


def distribute(batches: Batches, step: int, strategy: tf.distribute.Strategy) -> Iterable[Any]:
    """The training batches from `step` on, each replica seeing its own rows of every batch."""
    if strategy.num_replicas_in_sync == 1:
        return batches.from_step(step)

    def rows_of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return batches.from_step(
            step,
            num_replicas=strategy.num_replicas_in_sync,
            num_workers=context.num_input_pipelines,
            worker=context.input_pipeline_id,
        )

    return strategy.distribute_datasets_from_function(rows_of_worker)


def average_statistics(model: keras.Model, strategy: tf.distribute.Strategy) -> None:
    """Makes batch statistics, which every replica gathers for itself, equal on all of them.

    To be called by each replica, after every step: an average taken now and then would make the
    last bits of a run depend on where it was stopped.
    """
    statistics = [
        variable
        for variable in model.non_trainable_variables
        if keras.backend.is_float_dtype(variable.dtype)
    ]
    if strategy.num_replicas_in_sync == 1 or not statistics:
        return
    context = tf.distribute.get_replica_context()
    means = context.all_reduce("MEAN", [tf.identity(v.value) for v in statistics])
    for variable, mean in zip(statistics, means, strict=True):
        variable.assign(mean)


def consensus(strategy: tf.distribute.Strategy) -> Callable[[list[float]], list[float]]:
    """A function of numbers that returns their means over all workers.

    Every worker must call it at the same time, with as many numbers. What all must decide alike
    (whether to stop, which step was best) is decided by what it returns.
    """
    if num_workers() == 1:
        return lambda numbers: numbers

    @tf.function(reduce_retracing=True)
    def average(numbers: tf.Tensor) -> tf.Tensor:
        def reduce(numbers: tf.Tensor) -> tf.Tensor:
            # The identity gives the numbers a device, which is where their mean is put.
            context = tf.distribute.get_replica_context()
            return context.all_reduce("MEAN", tf.identity(numbers))

        return strategy.experimental_local_results(strategy.run(reduce, args=(numbers,)))[0]

    return lambda numbers: average(tf.constant(numbers)).numpy().tolist()


def _check_port(workers: list[str], index: int) -> None:
    """Refuses an address of this worker that another program holds: TensorFlow would abort."""
    host, _, port = workers[index].rpartition(":")
    try:
        number = int(port)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", number))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"TF_CONFIG: {workers[index]!r} is not of the form host:port.") from error
    except OSError as error:
        raise UsageError(
            f"Port {port} of {host}, which TF_CONFIG gives to this worker, cannot be had: "
            f"{error.strerror}. Name a free port."
        ) from error
