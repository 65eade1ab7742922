"""A network that reads a text window by window and says what comes next (Mikolov et al. 2010,
"Recurrent neural network based language model")."""

from collections.abc import Mapping

import keras
import tensorflow as tf

States = Mapping[str, tf.Tensor]


@keras.saving.register_keras_serializable("dlapps")
class LanguageModel(keras.Model):
    """From `tokens` int [N, T] and states to `logits` [N, T, tokens] and the states after them.

    Row t of the logits is about the token that follows token t. Whatever the network remembers goes
    in and comes out under the same names, [N, ...] each, so that it can be asked for any number of
    tokens at a time. All zeros is what it remembers before a text begins.

    It is trained by truncated back-propagation through time (Werbos 1990): `train_step` reads on
    from the states that the step before it left in `carried`, and its gradient ends there.
    """

    carried: Mapping[str, tf.Variable] = {}

    @property
    def reader(self) -> keras.Model:
        """The network between tokens: from [embedded [N, T, E], *states] to `features` [N, T, F]
        and the states after them."""
        return self.get_layer("reader")

    def embedded(self, tokens: tf.Tensor) -> tf.Tensor:
        """The tokens as vectors [N, T, E], which gradients reach."""
        return self.get_layer("embedding")(tokens)

    def logits_of(self, features: tf.Tensor) -> tf.Tensor:
        """What the reader's features [N, T, F] foretell, [N, T, tokens]."""
        if any(layer.name == "logits" for layer in self.layers):
            return self.get_layer("logits")(features)
        return self.get_layer("embedding")(features, reverse=True)

    @property
    def state_shapes(self) -> dict[str, tuple[int | None, ...]]:
        """The shape of each state [None, ...], by its name."""
        return {x.name: x.shape for x in self.inputs if x.name != "tokens"}

    def initial_states(self, rows: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """What is remembered before `rows` texts begin."""
        return {name: tf.zeros([rows, *shape[1:]]) for name, shape in self.state_shapes.items()}

    def carry(self, rows: int) -> None:
        """Makes room for the states of as many texts as a batch has rows."""
        states = self.initial_states(rows)
        # No weights: what is carried is of the run, not of the model.
        self.carried = {
            name: tf.Variable(state, trainable=False, name=f"carried_{name}")
            for name, state in states.items()
        }

    def read(
        self, tokens: tf.Tensor, states: States, training: bool = False
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The logits and the states after the tokens."""
        outputs = dict(self({"tokens": tokens, **states}, training=training))
        logits = outputs.pop("logits")
        return logits, {name: tf.cast(state, tf.float32) for name, state in outputs.items()}

    def train_step(self, batch):
        """One window of each row; `begins` [N] says where a text begins, so that nothing is known.

        batch: (tokens int [N, T], the tokens that follow each, int [N, T], begins bool [N]).
        """
        tokens, following, begins = batch
        states = {name: _forgotten(begins, state) for name, state in self.carried.items()}
        with tf.GradientTape() as tape:
            logits, after = self.read(tokens, states, training=True)
            loss = self.compute_loss(y=following, y_pred=logits)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        for name, state in self.carried.items():
            state.assign(after[name])
        self._loss_tracker.update_state(loss)
        return self.compute_metrics(tokens, following, logits)


def _forgotten(begins: tf.Tensor, state: tf.Variable) -> tf.Tensor:
    """The states [N, ...], zeros in the rows where a text begins."""
    rows = tf.reshape(begins, [-1] + [1] * (len(state.shape) - 1))
    return tf.where(rows, tf.zeros_like(state), state)


def language_model(
    embedding: keras.layers.Layer, reader: keras.Model, tied: bool, name: str
) -> LanguageModel:
    """The model that embeds tokens, reads them as LanguageModel.reader says, and foretells.

    `tied`: the matrix that foretells is the embedding's, a ReversibleEmbedding (Press, Wolf 2017).
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    states = [keras.Input(x.shape[1:], name=x.name) for x in reader.inputs[1:]]
    after = dict(reader([embedding(tokens), *states]))
    features = after.pop("features")
    if tied:
        logits = embedding(features, reverse=True)
    else:
        logits = keras.layers.Dense(embedding.input_dim, name="logits")(features)
    inputs = {"tokens": tokens, **{state.name: state for state in states}}
    return LanguageModel(inputs, {"logits": logits, **after}, name=name)
