"""ResNet-18 (He et al. 2016): 11,689,512 weights with 1000 classes and RGB input."""

import keras
from keras import layers

STAGES = ((64, 2), (128, 2), (256, 2), (512, 2))
"""Width and number of basic blocks of every stage."""


def build(input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> keras.Model:
    """ResNet-18 with any number of input channels.

    Args:
        input_shape: `(H, W, C)`.
        num_classes: length of the logits.
        dropout: rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.
    """
    inputs = keras.Input(input_shape)
    x = _conv_norm(inputs, 64, kernel=7, stride=2, name="conv1")
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)
    for stage, (width, blocks) in enumerate(STAGES, start=1):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 1 else 1
            x = _basic_block(x, width, stride, name=f"layer{stage}_{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(num_classes, dtype="float32", name="logits")(x), name="resnet18")


def _basic_block(x, width: int, stride: int, name: str):
    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = _conv_norm(x, width, kernel=1, stride=stride, name=f"{name}_shortcut")
    x = layers.ReLU(name=f"{name}_relu1")(_conv_norm(x, width, kernel=3, stride=stride, name=f"{name}_conv1"))
    x = _conv_norm(x, width, kernel=3, stride=1, name=f"{name}_conv2")
    return layers.ReLU(name=f"{name}_relu2")(layers.add([shortcut, x], name=f"{name}_add"))


def _conv_norm(x, width: int, kernel: int, stride: int, name: str):
    # Symmetric padding as in the original; Keras's "same" would pad strided convolutions on one side only.
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(
        width, kernel, strides=stride, use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
