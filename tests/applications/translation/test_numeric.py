"""What is exported from numbers to numbers can be searched with, from the first token on."""

import keras
import numpy as np

from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.applications.translation.numeric import network_answers
from dlapps.data.text.vocabulary import START
from dlapps.export.other_formats import LITERT, write_other_format
from dlapps.models.text.transformer_translator import transformer_translator

SPEC = SentencePairsSpec(
    source_tokens=("zwei", "drei", "vier"),
    source_unit="words",
    target_tokens=("two", "three", "four"),
    target_unit="words",
    example_sentences=("zwei", "drei vier"),
)


def test_a_file_goes_on_from_empty_states_as_the_model_says_all_at_once(tmp_path):
    keras.utils.set_random_seed(0)
    small = {"size": 8, "num_heads": 2, "num_layers": 1, "feed_forward_size": 8}
    model = transformer_translator(*map(len, SPEC.vocabularies()), **small)
    folder = write_other_format(tmp_path / "model", network_answers(model, SPEC), LITERT, {})
    encode, decode = (LITERT.load(folder / f"{name}.tflite") for name in ("encode", "decode"))
    source, target = np.array([[4, 5, 2]], np.int32), np.array([[START, 5, 6]], np.int32)
    state = encode({"source": source}) | {"past1": np.zeros((1, 0, 16), np.float32)}
    whole = model.predict({"source": source, "target": target}, verbose=0)
    for place in range(3):
        outputs = decode({"target": target[:, place : place + 1], **state})
        np.testing.assert_allclose(outputs["logits"][:, 0], whole[:, place], rtol=1e-4, atol=1e-5)
        state["past1"] = outputs["next_past1"]
