"""A captioner: what reads the maps of a photo, and a decoder that speaks about them."""

from collections.abc import Sequence

import keras


@keras.saving.register_keras_serializable("dlapps")
class Captioner(keras.Model):
    """Reads maps [N, h, w, C] of photos and captions so far [N, U]; gives logits [N, U, tokens].

    Row u of the logits is about the token that follows token u. Token 0 is padding. The reader and
    the decoder are models of their own that decoding can use apart.
    """

    @property
    def reader(self) -> keras.Model:
        """From the maps to the decoder's memory and its first states."""
        return self.get_layer("reader")

    @property
    def decoder(self) -> keras.Model:
        """From [target, *memory, *states] to [logits, attention [N, U, T], *last states]."""
        return self.get_layer("decoder")

    def read(self, maps) -> tuple[list, list]:
        """The memory and the first states for the maps of photos."""
        num_states = len(self.decoder.outputs) - 2
        outputs = self.reader(maps)
        return outputs[:-num_states], outputs[-num_states:]

    def attention(self, maps, target):
        """Where the decoder looks before each token that follows, [N, U, h, w]: sums to 1.

        It is 0 everywhere where a decoder looks nowhere.
        """
        weights = self.decoder([target, *self.reader(maps)])[1]
        return keras.ops.reshape(weights, (*weights.shape[:2], *maps.shape[1:3]))


def captioner(reader: keras.Model, decoder: keras.Model, name: str) -> Captioner:
    """The two as one network, from {"maps", "target"} to the logits."""
    maps = keras.Input(reader.input_shape[1:], name="maps")
    target = keras.Input((None,), dtype="int32", name="target")
    logits = decoder([target, *reader(maps)])[0]
    return Captioner({"maps": maps, "target": target}, logits, name=name)


@keras.saving.register_keras_serializable("dlapps")
class PhotoCaptioner(keras.Model):
    """A captioner with its `encoder`, from images in [0, 1] to the maps that it reads."""

    @property
    def encoder(self) -> keras.Model:
        """From images [N, H, W, C] to maps."""
        return self.get_layer("encoder")

    @property
    def captioner(self) -> Captioner:
        """From maps and captions so far to the logits."""
        return self.get_layer("captioner")


def photo_captioner(encoder: keras.Model, captioner: Captioner) -> PhotoCaptioner:
    """The two as one network, from {"image", "target"} to the logits."""
    image = keras.Input(encoder.input_shape[1:], name="image")
    target = keras.Input((None,), dtype="int32", name="target")
    logits = captioner({"maps": encoder(image), "target": target})
    return PhotoCaptioner({"image": image, "target": target}, logits, name="photo_captioner")


def places_of(maps: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The places [N, T, C] of maps [N, h, w, C], row by row, and that each is present, [N, T]."""
    _, height, width, channels = maps.shape
    places = keras.layers.Reshape((height * width, channels), name="places")(maps)
    return places, keras.ops.ones_like(places[:, :, 0], dtype="bool")


def first_states(
    values: keras.KerasTensor, units: int, names: Sequence[str]
) -> list[keras.KerasTensor]:
    """First states [N, units] of a recurrence, from the mean of the values [N, T, C]."""
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(values)
    return [
        keras.layers.Dense(units, activation="tanh", name=f"initial_{name}")(mean) for name in names
    ]
