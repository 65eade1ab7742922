"""Warm-up requests, read back and replayed the way TF Serving does it."""

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2


def test_warmup_replays_every_signature(exported, expected):
    path = exported / "assets.extra" / "tf_serving_warmup_requests"
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    requests = [log.predict_log.request for log in logs]
    names = [request.model_spec.signature_name for request in requests]
    assert names == ["serving_default", "pixels"]
    loaded = tf.saved_model.load(str(exported))
    for request in requests:
        assert request.model_spec.name == exported.parent.name
        inputs = {
            name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()
        }
        outputs = loaded.signatures[request.model_spec.signature_name](**inputs)
        labels = [label.decode() for label in outputs["label"].numpy()]
        assert labels == expected["label"].tolist()
