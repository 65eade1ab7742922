"""A network that begins with layers which were trained before."""

from collections.abc import Sequence

import keras


@keras.saving.register_keras_serializable("dlapps")
class Transferred(keras.Model):
    """A backbone that was trained elsewhere and a `head`, the names of the layers that are new."""

    def __init__(self, *args, head: Sequence[str], **kwargs):
        super().__init__(*args, **kwargs)
        self.head = list(head)

    def set_thawed(self, is_thawed: bool) -> None:
        """Lets the backbone learn or not; compile the model afterwards.

        Its batch normalizations keep their statistics and scales in any case: few batches of other
        images would spoil what many have averaged.
        """
        for layer in self.layers:
            if layer.name not in self.head:
                is_still = isinstance(layer, keras.layers.BatchNormalization)
                layer.trainable = is_thawed and not is_still

    def get_config(self):
        return {**super().get_config(), "head": self.head}
