"""What classifiers of texts are: a network that reads tokens, the mean of what it made of them,
and logits."""

import keras
from keras import KerasTensor, layers, ops


@keras.saving.register_keras_serializable("dlapps")
class TextClassifier(keras.Model):
    """Reads tokens int [N, T], of which 0 is padding; gives logits [N, C].

    It is an encoder and a head, each a model of its own.
    """

    @property
    def encoder(self) -> keras.Model:
        """From tokens to [values [N, T, V], present bool [N, T]]."""
        return self.get_layer("encoder")

    @property
    def head(self) -> keras.Model:
        """From [values, present] to logits."""
        return self.get_layer("head")

    def embedded(self, tokens):
        """The tokens as vectors [N, T, embedding size]."""
        return self.encoder.get_layer("source_embedding")(tokens)

    def after_embedding(self) -> keras.Model:
        """The same network from [embedded tokens, tokens] to the logits.

        It shares all weights; gradients reach its first input, as they cannot reach numbers of
        tokens.
        """
        values, present = self.encoder.outputs
        vectors = self.encoder.get_layer("source_embedding").output
        # Cut where no keras.Input is: Keras would take that into the new graph and out of this one.
        reader = keras.Model([vectors, present], values, name="reader")
        embedded = keras.Input(vectors.shape[1:], dtype=vectors.dtype, name="embedded")
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        present = ops.not_equal(tokens, 0)
        logits = self.head([reader([embedded, present]), present])
        return keras.Model([embedded, tokens], logits, name="after_embedding")


def text_classifier(
    source: KerasTensor,
    values: KerasTensor,
    present: KerasTensor,
    num_outputs: int,
    dropout: float,
    name: str,
) -> TextClassifier:
    """The classifier by what is made of each token: values [N, T, V], of which some are present.

    It looks at the mean of those that are, behind `dropout`.
    """
    encoder = keras.Model(source, [values, present], name="encoder")
    head = _head(values.shape[-1], num_outputs, dropout)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return TextClassifier(tokens, head(encoder(tokens)), name=name)


def _head(size: int, num_outputs: int, dropout: float) -> keras.Model:
    values = keras.Input((None, size), name="values")
    present = keras.Input((None,), dtype="bool", name="present")
    # Long sums are too much for small floats.
    counted = ops.cast(ops.expand_dims(present, -1), "float32")
    mean = ops.sum(ops.cast(values, "float32") * counted, axis=1)
    mean /= ops.maximum(ops.sum(counted, axis=1), 1)
    mean = layers.Dropout(dropout, name="mean_dropout")(mean)
    logits = layers.Dense(num_outputs, name="logits", dtype="float32")(mean)
    return keras.Model([values, present], logits, name="head")
