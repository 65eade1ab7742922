"""Schedule-free AdamW (Defazio et al. 2024, "The road less scheduled")."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Keras' optimizer with the paper's update, and with averages that can be had.

    While it trains, a weight is y, between the steps z and their average x: y = (1 - beta_1) z +
    beta_1 x. What is to be measured and kept is x. Moving statistics of a batch normalization are
    those of y, which the paper advises to take anew; with its beta_1 of 0.9 they are close.

    Keras 3.15 finds x from y and from the z that its step has moved already, and has weight decay
    move x alone, so its weights are others than the paper's.
    """

    def finalize_variable_values(self, var_list):
        """Overwrites the weights with their averages x."""
        for variable in var_list:
            z = self._momentums[self._get_variable_index(variable)]
            self.assign(variable, self._average(variable, z))

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        z, second = self._momentums[index], self._velocities[index]
        rate, gradient = (ops.cast(v, variable.dtype) for v in (learning_rate, gradient))
        step = ops.cast(self.iterations + 1, variable.dtype)
        average = self._average(variable, z)
        self.assign_add(second, (ops.square(gradient) - second) * (1.0 - self.beta_2))
        unbiased = second / (1.0 - ops.power(ops.cast(self.beta_2, variable.dtype), step))
        change = gradient / (ops.sqrt(unbiased) + self.epsilon)
        if self.weight_decay and self._use_weight_decay(variable):
            change += self.weight_decay * variable
        self.assign_sub(z, rate * change)
        average += (z - average) / step
        self.assign(variable, (1.0 - self.beta_1) * z + self.beta_1 * average)

    def _average(self, variable, z):
        return (variable - (1.0 - self.beta_1) * z) / self.beta_1

    def _apply_weight_decay(self, variables):
        """Nothing: `update_step` does it."""
