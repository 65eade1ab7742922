"""What all translators are: an encoder and a decoder (Cho et al. 2014, "Learning phrase
representations using RNN encoder-decoder for statistical machine translation")."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
# Under this name older runs kept theirs.
@keras.saving.register_keras_serializable("dlapps", "AttentionTranslator")
class TranslationModel(keras.Model):
    """Reads a source int [N, T] and a target so far [N, U]; gives logits [N, U, target tokens].

    Row u of the logits is about the token that follows target token u. Token 0 is padding. It is
    an encoder and a decoder, each a model of its own that decoding can use without the other.
    """

    @property
    def encoder(self) -> keras.Model:
        """From the source to [*memory, *first states]; the memory's last is what is present."""
        return self.get_layer("encoder")

    @property
    def decoder(self) -> keras.Model:
        """From [target, *memory, *states] to [logits, attention [N, U, T], *last states]."""
        return self.get_layer("decoder")

    @property
    def memory_size(self) -> int:
        """How many of the encoder's outputs are its memory; the others are first states."""
        logits_and_attention = 2
        num_states = len(self.decoder.outputs) - logits_and_attention
        return len(self.encoder.outputs) - num_states

    @property
    def looks_back(self) -> bool:
        """Whether the decoder attends to a memory; else all that it knows is in its states."""
        return self.memory_size > 1

    def read(self, source) -> tuple[list, list]:
        """The decoder's memory and its first states for a source [N, T]."""
        outputs = self.encoder(source)
        return outputs[: self.memory_size], outputs[self.memory_size :]

    def attention(self, source, target):
        """The attention weights [N, U, T] before each token that follows: rows sum to 1."""
        return self.decoder([target, *self.encoder(source)])[1]

    def embedded(self, source):
        """The tokens of a source as vectors [N, T, embedding_size]."""
        return self.encoder.get_layer("source_embedding")(source)

    def after_embedding(self) -> keras.Model:
        """The same network from [embedded source, source, target] to the logits.

        It shares all weights; gradients reach its first input, as they cannot reach numbers of
        tokens.
        """
        last = self.memory_size - 1
        outputs = list(self.encoder.outputs)
        present = outputs.pop(last)
        vectors = self.encoder.get_layer("source_embedding").output
        # Cut where no keras.Input is: Keras would take that into the new graph and out of this one.
        reader = keras.Model([vectors, present], outputs, name="reader")
        embedded = keras.Input(vectors.shape[1:], dtype=vectors.dtype, name="embedded")
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        present = ops.not_equal(source, 0)
        read = reader([embedded, present])
        logits = self.decoder([target, *read[:last], present, *read[last:]])[0]
        return keras.Model([embedded, source, target], logits, name="after_embedding")


def translation_model(encoder: keras.Model, decoder: keras.Model, name: str) -> TranslationModel:
    """The translator of an encoder and a decoder, which are as TranslationModel says."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    logits = decoder([target, *encoder(source)])[0]
    return TranslationModel({"source": source, "target": target}, logits, name=name)
