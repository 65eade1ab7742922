"""What networks that transcribe have in common: recordings of different lengths in, for each frame
how likely each letter is out, learned by connectionist temporal classification."""

import keras
from keras import KerasTensor, layers, ops

from dlapps.layers.lstm import LSTM
from dlapps.layers.reversed_frames import ReversedFrames
from dlapps.losses.ctc import ctc_loss


@keras.saving.register_keras_serializable("dlapps")
class Transcriber(keras.Model):
    """From {"waveform" [N, T], "num_samples" [N]} to {"logits" [N, F, V + 1], "num_frames" [N]}.

    The last of the V + 1 is the blank; frames beyond a row's own say nothing. It learns from
    {"labels" [N, U], "num_labels" [N]}; the loss is that of a recording, in nats.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.supports_jit = False  # XLA has no such kernel as the loss is.

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        losses = ctc_loss(y["labels"], y_pred["logits"], y["num_labels"], y_pred["num_frames"])
        return ops.mean(losses)

    def count_frames(self, num_samples) -> KerasTensor:
        """How many frames [N] there are for so many samples [N]."""
        counter = keras.Model(self.input["num_samples"], self.output["num_frames"])
        return counter(num_samples)


def recording_inputs() -> tuple[KerasTensor, KerasTensor]:
    """The inputs `waveform` [N, T] in [-1, 1] and `num_samples` [N], those that are a row's own."""
    waveform = keras.Input((None,), name="waveform")
    return waveform, keras.Input((), dtype="int32", name="num_samples")


def bidirectional_stack(
    x: KerasTensor, num_frames: KerasTensor, units: int, num_layers: int, dropout: float
) -> KerasTensor:
    """[N, T, 2 units]: LSTMs upon one another on x [N, T, D], each in both directions.

    `dropout` precedes each and follows the last.
    """
    for number in range(1, num_layers + 1):
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
        turned = ReversedFrames(name=f"turned{number}")(x, num_frames)
        # An export made with cuDNN would not load on a machine without a GPU.
        ahead, back = (
            LSTM(units, return_sequences=True, use_cudnn=False, name=f"lstm{number}_{direction}")
            for direction in ("forward", "backward")
        )
        returned = ReversedFrames(name=f"returned{number}")(back(turned), num_frames)
        x = layers.Concatenate(name=f"lstm{number}")([ahead(x), returned])
    return layers.Dropout(dropout, name=f"dropout{num_layers + 1}")(x)


def transcriber(
    inputs: tuple[KerasTensor, KerasTensor],
    x: KerasTensor,
    num_frames: KerasTensor,
    num_letters: int,
    name: str,
) -> Transcriber:
    """The network whose frames [N, F, D] end in `x`, with its logits."""
    waveform, num_samples = inputs
    logits = layers.Dense(num_letters + 1, name="logits", dtype="float32")(x)
    return Transcriber(
        {"waveform": waveform, "num_samples": num_samples},
        {"logits": logits, "num_frames": num_frames},
        name=name,
    )
