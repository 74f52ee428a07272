"""An image network on every time step of a clip."""

from typing import cast

import keras
from keras import ops

from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class PerStep(keras.layers.Wrapper):
    """Applies a network to every time step by folding time into the batch.

    `keras.layers.TimeDistributed` loops over the steps; one large batch is faster, and batch normalisation sees all
    steps at once.

    Args:
        layer: the network, `[N, H, W, C] -> [N, ...]`.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        steps: `[B, T, H, W, C]`; T, H and W may be unknown until run time.
        training: handed to the network, as in Keras.

    Input shape:
        `[B, T, H, W, C]`.

    Output shape:
        `[B, T, ...]`.

    Example:
        >>> tuple(PerStep(keras.layers.Conv2D(8, 3))(np.zeros((1, 4, 16, 16, 2))).shape)
        (1, 4, 14, 14, 8)
    """

    def build(self, input_shape: Shape | None = None) -> None:
        """Builds the wrapped network for one step."""
        if not self.layer.built:
            self.layer.build((None, *cast(Shape, input_shape)[2:]))
        self.built = True

    def call(self, steps: Tensor, training: bool | None = None) -> Tensor:
        """`[B, T, H, W, C] -> [B, T, ...]`."""
        batch, time = ops.shape(steps)[:2]
        folded = self.layer(ops.reshape(steps, (-1, *ops.shape(steps)[2:])), training=training)
        return ops.reshape(folded, (batch, time, *ops.shape(folded)[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T, ...]`."""
        batch, time, *image = input_shape
        return (batch, time, *self.layer.compute_output_shape((None, *image))[1:])
