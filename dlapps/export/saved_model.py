"""Writing a SavedModel for TF Serving: raw input, named outputs, compared before it appears."""

import contextlib
import errno
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from dlapps.export.errors import ExportError, reason
from dlapps.export.parity import check_parity
from dlapps.export.signature import Signature


def write_saved_model(
    directory: Path,
    signatures: Mapping[str, Signature],
    resources: Iterable[object] = (),
    tolerance: float = 1e-5,
) -> Path:
    """The new folder `directory/<version>`, one above the highest version there.

    The variables come from the signatures' graphs; any other state that they use, such as a
    `LabelTable` or a `tf.lookup` table, has to be among the `resources`. Raise `tolerance` for
    a model of reduced precision. Raises ExportError, and leaves nothing behind, when the loaded
    SavedModel does not answer as expected or when it cannot be written.
    """
    directory = Path(directory)
    module = tf.Module()
    functions = {name: _trace(signature) for name, signature in signatures.items()}
    module.variables_used = [list(function.graph.variables) for function in functions.values()]
    module.resources = list(resources)
    try:
        with _staging(directory) as staging:
            tf.saved_model.save(module, str(staging), signatures=functions)
            write_warmup_requests(staging, directory.name, signatures)
            check_parity(staging, signatures, tolerance)
            return _publish(staging, directory)
    except (OSError, tf.errors.OpError) as error:
        message = f"The SavedModel cannot be written to {directory}: {reason(error)}."
        raise ExportError(message) from error


def _trace(signature: Signature) -> tf.types.experimental.ConcreteFunction:
    function = tf.function(signature.function, input_signature=[signature.input])
    return function.get_concrete_function()


@contextlib.contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A folder inside `directory` that TF Serving ignores, and that is gone afterwards."""
    created = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=directory) as private:
            # One level deeper, because only the owner may read a temporary directory.
            yield Path(private) / "saved_model"
    finally:
        with contextlib.suppress(OSError):  # not empty: the export succeeded
            for path in created:
                path.rmdir()


def _publish(staging: Path, directory: Path) -> Path:
    """The version's folder; another export that took the number meanwhile is never replaced."""
    while True:
        versions = [int(path.name) for path in directory.iterdir() if path.name.isdecimal()]
        try:
            return staging.rename(directory / str(max(versions, default=0) + 1))
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise


# Both names are TF Serving's.
FOLDER, FILE_NAME = "assets.extra", "tf_serving_warmup_requests"


def write_warmup_requests(
    directory: Path, model_name: str, signatures: Mapping[str, Signature]
) -> Path:
    """The file written below the SavedModel: one request a signature, made of its example."""
    path = directory / FOLDER / FILE_NAME
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, signature in signatures.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = name
            example = tf.make_tensor_proto(signature.example_tensor())
            request.inputs[signature.input.name].CopyFrom(example)
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
    return path
