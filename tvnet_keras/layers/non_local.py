"""Self-attention between all positions of a clip."""

from typing import Any

import keras
from keras import layers, ops

from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class NonLocal(layers.Layer):
    """The non-local block, embedded Gaussian: every position attends to every other, in space and time.

    `x + BN(W softmax(theta(x) phi(x)^T) g(x))` with 1 x 1 embeddings of half the channels. The batch norm's gamma
    starts at zero, so that the block starts as the identity and can be put into a trained network.
    In images `[N, H, W, C]` every position attends to the positions of its own image.

    Args:
        subsample: whether phi and g are max-pooled by two in height and width (the paper's subsampling trick), which
            leaves a quarter of the pairs.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]` or `[N, H, W, C]`; sizes may be unknown until run time.
        training: whether batch statistics are used and learned, as in Keras.

    Input shape:
        `[B, T, H, W, C]` or `[N, H, W, C]`.

    Output shape:
        The input's shape.

    Example:
        >>> tuple(NonLocal()(np.ones((1, 4, 14, 14, 8))).shape)
        (1, 4, 14, 14, 8)

    Reference:
        Wang et al., "Non-local Neural Networks", CVPR 2018. Unlike there the softmax is computed in float32 under
        mixed precision, where float16 would overflow.
    """

    def __init__(self, subsample: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subsample = bool(subsample)

    def build(self, input_shape: Shape) -> None:
        """Creates the three embeddings, the projection back and its normalisation."""
        channels = input_shape[-1]
        inner = max(channels // 2, 1)
        # Small, as in the released code: the exponent is not divided by the number of channels.
        shared = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.01), "dtype": self.dtype_policy}
        self.theta, self.phi, self.g = (layers.Dense(inner, name=name, **shared) for name in ("theta", "phi", "g"))
        self.project = layers.Dense(channels, name="project", **shared)
        self.norm = layers.BatchNormalization(
            **BATCH_NORM, gamma_initializer="zeros", name="norm", dtype=self.dtype_policy
        )
        # Frame by frame: TensorFlow's CPU has no 3D pooling in float16. "same" keeps a single row or column.
        self.pool = layers.MaxPooling2D(2, padding="same", dtype=self.dtype_policy)
        for layer in (self.theta, self.phi, self.g):
            layer.build(input_shape)
        embedded = (*input_shape[:-1], inner)
        self.project.build(embedded)
        self.norm.build(input_shape)
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> Tensor:
        """`[B, ..., C] -> [B, ..., C]`."""
        shape = ops.shape(clip)
        queries, keys, values = (_everywhere(dense, clip) for dense in (self.theta, self.phi, self.g))
        queries, keys, values = map(_positions, (queries, self._sampled(keys), self._sampled(values)))
        affinity = ops.softmax(ops.cast(ops.matmul(queries, ops.swapaxes(keys, 1, 2)), "float32"))
        attended = ops.matmul(ops.cast(affinity, values.dtype), values)
        attended = ops.reshape(attended, (*shape[:-1], self.g.units))
        return clip + self.norm(_everywhere(self.project, attended), training=training)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "subsample": self.subsample}

    def _sampled(self, embedded: Tensor) -> Tensor:
        if not self.subsample:
            return embedded
        shape = ops.shape(embedded)
        frames = self.pool(ops.reshape(embedded, (-1, *shape[-3:])))
        return ops.reshape(frames, (*shape[:-3], *ops.shape(frames)[1:]))


def _everywhere(dense: layers.Dense, features: Tensor) -> Tensor:
    """A dense layer of every position: `[..., C] -> [..., units]`.

    As a product of two matrices: before Keras 3.15 a dense layer gives images of a single row to the product of
    TensorFlow's oneDNN that writes outside its memory (tensorflow/tensorflow#123109).
    """
    shape = ops.shape(features)
    return ops.reshape(dense(ops.reshape(features, (-1, shape[-1]))), (*shape[:-1], dense.units))


def _positions(features: Tensor) -> Tensor:
    """`[B, ..., C] -> [B, positions, C]`."""
    shape = ops.shape(features)
    return ops.reshape(features, (shape[0], -1, shape[-1]))
