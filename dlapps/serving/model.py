"""One version of a model in memory: its signatures, from arrays to arrays."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from dlapps.errors import DlappsError, reason
from dlapps.serving.batching import Queue

Arrays = Mapping[str, np.ndarray]

WARMUP_REQUESTS = Path("assets.extra", "tf_serving_warmup_requests")
"""TF Serving's name for the requests that a model is asked before it takes any."""


class LoadError(DlappsError):
    """A version was not loaded; the message says why."""


class TensorSpec(NamedTuple):
    """What a tensor of a signature may be."""

    dtype: tf.DType
    shape: tuple[int | None, ...] | None
    """None where not even the number of dimensions is known."""

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor may have this shape."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype.name} of any shape"
        return f"{self.dtype.name} [{', '.join('?' if s is None else str(s) for s in self.shape)}]"


class Signature:
    """A function of the model with named inputs and outputs."""

    def __init__(self, name: str, function, definition: meta_graph_pb2.SignatureDef):
        self.name = name
        self.inputs = {key: _spec(info) for key, info in sorted(definition.inputs.items())}
        self.outputs = {key: _spec(info) for key, info in sorted(definition.outputs.items())}
        self.has_only_dense_tensors = all(
            info.WhichOneof("encoding") == "name"
            for tensors in (definition.inputs, definition.outputs)
            for info in tensors.values()
        )
        self._function = function

    @property
    def is_joinable(self) -> bool:
        """Whether requests may be answered in one call, each as it would be alone.

        An output whose rows have no fixed shape may be padded to the largest of its batch, so that
        an answer would hang on who else was asking.
        """
        return bool(self.inputs) and (
            all(spec.shape and spec.shape[0] is None for spec in self.inputs.values())
            and all(
                spec.shape and spec.shape[0] is None and None not in spec.shape[1:]
                for spec in self.outputs.values()
            )
        )

    def __call__(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """The outputs. Raises tf.errors.OpError."""
        tensors = {
            name: tf.constant(arrays[name], spec.dtype) for name, spec in self.inputs.items()
        }
        outputs = self._function(**tensors)
        return {name: _as_array(tensor.numpy()) for name, tensor in outputs.items()}


def _as_array(value: np.ndarray | bytes) -> np.ndarray:
    """Strings are arrays of objects, because NumPy's own type drops trailing zero bytes."""
    return np.array(value, object) if isinstance(value, bytes) else value


def _spec(info: meta_graph_pb2.TensorInfo) -> TensorSpec:
    shape = info.tensor_shape
    sizes = tuple(None if each.size < 0 else each.size for each in shape.dim)
    return TensorSpec(tf.dtypes.as_dtype(info.dtype), None if shape.unknown_rank else sizes)


class Model:
    """A loaded version, which counts who uses it so that it is let go when nobody does."""

    def __init__(
        self,
        name: str,
        version: int,
        directory: Path,
        signatures: Mapping[str, Signature],
        definitions: Mapping[str, meta_graph_pb2.SignatureDef],
        loaded: object,
    ):
        self.name = name
        self.version = version
        self.directory = directory
        self.signatures = signatures
        self.definitions = definitions
        """All that the SavedModel says of its signatures, for the metadata document."""
        self.queues: dict[str, Queue] = {}
        """Where a signature's requests wait for one another, by its name."""
        self._loaded = loaded  # The variables live as long as this does.
        self._users = 0
        self._lock = threading.Lock()

    @property
    def is_used(self) -> bool:
        """Whether a request is being answered by it."""
        return self._users > 0

    def __enter__(self) -> "Model":
        with self._lock:
            self._users += 1
        return self

    def __exit__(self, *_) -> None:
        with self._lock:
            self._users -= 1


def load_model(name: str, version: int, directory: Path) -> Model:
    """The version in `directory`, after its warm-up requests. Raises LoadError."""
    try:
        definitions = _signature_definitions(directory)
        loaded = tf.saved_model.load(str(directory))
        signatures = {
            key: Signature(key, function, definitions[key])
            for key, function in loaded.signatures.items()
        }
        if not signatures:
            raise LoadError("it has no signature")
        model = Model(name, version, directory, signatures, definitions, loaded)
        _warm_up(model)
    except LoadError:
        raise
    # What a broken file makes TensorFlow raise is of any type: DecodeError, KeyError, ...
    except Exception as error:
        raise LoadError(reason(error)) from error
    return model


def _signature_definitions(directory: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    contents = (directory / "saved_model.pb").read_bytes()
    graphs = saved_model_pb2.SavedModel.FromString(contents).meta_graphs
    serving = [graph for graph in graphs if "serve" in graph.meta_info_def.tags]
    if not serving:
        raise LoadError("it has no graph with the tag 'serve'")
    # Copies: a part of a message keeps all of it in memory, the graph and its constants.
    return {
        key: meta_graph_pb2.SignatureDef.FromString(definition.SerializeToString())
        for key, definition in serving[0].signature_def.items()
    }


def _warm_up(model: Model) -> None:
    """Asks what the export says it will be asked, so that no client waits for a first call."""
    path = model.directory / WARMUP_REQUESTS
    if not path.is_file():
        return
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        name = request.model_spec.signature_name or "serving_default"
        if log.WhichOneof("log_type") == "predict_log" and name in model.signatures:
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            model.signatures[name](inputs)
