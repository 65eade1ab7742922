"""Warm-up requests: TF Serving replays them before it takes traffic, so that nobody waits."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from dlapps.export.signature import Signature

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
