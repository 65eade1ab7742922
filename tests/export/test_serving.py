"""A moved SavedModel answers in a process that has neither Keras nor dlapps."""

import json
import shutil
import subprocess
import sys

import numpy as np

# The session runs the saved graph alone, as TF Serving does: it has no Python objects to lean
# on, so the SavedModel's own operations must restore the variables and fill the label table.
PROGRAM = """
import json, sys
sys.modules.update(keras=None, tf_keras=None, dlapps=None)  # importing one of them fails
import numpy as np
import tensorflow as tf

def by_function(directory, encoded):
    serve = tf.saved_model.load(directory).signatures["serving_default"]
    return {name: value.numpy() for name, value in serve(image_bytes=tf.constant(encoded)).items()}

def by_session(directory, encoded):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], directory)
        signature = graph.signature_def["serving_default"]
        outputs = {name: tensor.name for name, tensor in signature.outputs.items()}
        return session.run(outputs, {signature.inputs["image_bytes"].name: encoded})

directory, images = sys.argv[1:]
encoded = [tf.io.encode_png(image).numpy() for image in np.load(images)]
for answer in by_function(directory, encoded), by_session(directory, encoded):
    labels = [label.decode() for label in answer["label"]]
    print(json.dumps({"label": labels, "probabilities": answer["probabilities"].tolist()}))
"""


def test_answers_without_keras_and_dlapps(exported, images, expected, tmp_path):
    moved = shutil.copytree(exported, tmp_path / "elsewhere" / "1")
    np.save(tmp_path / "images.npy", images)
    process = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(moved), str(tmp_path / "images.npy")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    answers = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(answers) == 2
    for answer in answers:
        assert answer["label"] == expected["label"].tolist()
        np.testing.assert_allclose(
            answer["probabilities"], expected["probabilities"], rtol=1e-4, atol=1e-5
        )
