"""Writing a SavedModel for TF Serving: raw input, named outputs, compared before it appears."""

from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from dlapps.errors import reason
from dlapps.export.answer import Answer
from dlapps.export.description import Signatures, describe_signatures
from dlapps.export.errors import ExportError
from dlapps.export.parity import check_parity
from dlapps.export.publishing import publish, staging_folder
from dlapps.files import refuse_patterns

# Both names are TF Serving's.
FOLDER, FILE_NAME = "assets.extra", "tf_serving_warmup_requests"


Documents = Callable[[Signatures], Mapping[str, str]]
"""From what is known of the signatures to texts that lie beside the SavedModel, by file name."""


def no_documents(signatures: Signatures) -> Mapping[str, str]:
    """Nothing: a SavedModel alone."""
    return {}


def write_saved_model(
    directory: Path,
    answers: Mapping[str, Answer],
    tolerance: float = 1e-5,
    documents: Documents = no_documents,
) -> Path:
    """The new folder `directory/<version>`, one above the highest version there.

    The variables come from the graphs of the answers; any other state that they use, such as a
    `LabelTable` or a `tf.lookup` table, has to be among their resources. Raise `tolerance` for
    a model of reduced precision. Raises ExportError, and leaves nothing behind, when the loaded
    SavedModel does not answer as expected or when it cannot be written.
    """
    directory = Path(directory)
    refuse_patterns(directory)
    module = tf.Module()
    functions = {name: answer.traced() for name, answer in answers.items()}
    module.variables_used = [list(function.graph.variables) for function in functions.values()]
    module.resources = [list(answer.resources) for answer in answers.values()]
    examples = {name: answer.example() for name, answer in answers.items()}
    try:
        with staging_folder(directory) as staging:
            tf.saved_model.save(module, str(staging), signatures=functions)
            inputs = {name: answer.tensors(examples[name][0]) for name, answer in answers.items()}
            write_warmup_requests(staging, directory.name, inputs)
            expected = {name: outputs for name, (_, outputs) in examples.items()}
            check_parity(staging, inputs, expected, tolerance)
            for name, text in documents(describe_signatures(answers, functions)).items():
                path = staging / name
                path.write_text(text, "utf-8", "backslashreplace", "\n")
            return publish(staging, directory)
    except (OSError, tf.errors.OpError) as error:
        message = f"The SavedModel cannot be written to {directory}: {reason(error)}."
        raise ExportError(message) from error


def write_warmup_requests(
    directory: Path, model_name: str, inputs: Mapping[str, Mapping[str, tf.Tensor]]
) -> Path:
    """The file written below the SavedModel: one request a signature, made of its `inputs`.

    TF Serving replays them before it takes traffic, so that nobody waits.
    """
    path = directory / FOLDER / FILE_NAME
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, tensors in inputs.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = name
            for key, tensor in tensors.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(tensor))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
    return path
