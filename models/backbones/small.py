"""A small convolutional network for images of 32 to 128 pixels on a CPU: four stages, 0.1 million weights."""

import keras
from keras import layers

WIDTHS = (16, 32, 64, 96)
KERNELS = (5, 3, 3, 3)


def build(input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> keras.Model:
    """Conv - batch norm - ReLU stages with stride 2, average and maximum pooling, logits.

    Args:
        input_shape: `(H, W, C)`.
        num_classes: length of the logits.
        dropout: rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.
    """
    inputs = keras.Input(input_shape)
    # Normalising the input per channel makes RGB frames and flow images alike; flow divided by a bound of 20 pixels has
    # a variance around 1e-3, which Keras's default epsilon would swamp.
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-6, name="input_norm")(inputs)
    for stage, (width, kernel) in enumerate(zip(WIDTHS, KERNELS, strict=True)):
        x = layers.Conv2D(width, kernel, strides=2, padding="same", use_bias=False, name=f"stage{stage}_conv")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"stage{stage}_norm")(x)
        x = layers.ReLU(name=f"stage{stage}_relu")(x)
    # The mean alone is blind to motions that cancel over the frame, such as the flow of a turning or growing object.
    x = layers.concatenate([layers.GlobalAveragePooling2D(name="mean")(x), layers.GlobalMaxPooling2D(name="max")(x)])
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="small")
