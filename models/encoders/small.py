"""A small convolutional network for images of 32 to 128 pixels on a CPU: four stages, 0.1 million weights."""

import keras
from keras import layers

WIDTHS = (16, 32, 64, 96)
KERNELS = (5, 3, 3, 3)

STRIDES = (2, 4, 8, 16)

POOLING = ("mean", "max")
"""The mean alone is blind to motions that cancel over the frame, such as the flow of a turning or growing object."""


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """Four stages of convolution with stride 2, batch norm and ReLU.

    Args:
        input_shape: `(H, W, C)`.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, H / 2, W / 2, 16], ..., "stage4": [N, H / 16, W / 16, 96]}`, sizes
        rounded up.
    """
    inputs = keras.Input(input_shape)
    # Normalising the input per channel makes RGB frames and flow images alike; flow divided by a bound of 20 pixels has
    # a variance around 1e-3, which Keras's default epsilon would swamp.
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-6, name="input_norm")(inputs)
    stages = {}
    for stage, (width, kernel) in enumerate(zip(WIDTHS, KERNELS, strict=True)):
        # The names of layers count from 0, for the weights of earlier runs have these names.
        x = layers.Conv2D(width, kernel, strides=2, padding="same", use_bias=False, name=f"stage{stage}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"stage{stage}_norm")(x)
        x = stages[f"stage{stage + 1}"] = layers.ReLU(name=f"stage{stage}_relu")(x)
    return keras.Model(inputs, stages, name="small")
