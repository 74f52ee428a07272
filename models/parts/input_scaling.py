"""The ranges of values in which frames enter a network, as published weights were trained with them."""

import keras
import numpy as np

from tvnet_keras.choices import check_choice

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KINETICS = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))

MEAN_AND_DEVIATION = {
    "unit": ((0.0,) * 3, (1.0,) * 3),
    "signed": ((0.5,) * 3, (0.5,) * 3),  # -1..1: Keras's Inception and everything from TensorFlow's slim
    "released": ((0.5,) * 3, (-0.5,) * 3),  # Representation Flow's code: 1 - 2 x / 255
    "imagenet": IMAGENET,  # torchvision's image networks
    "kinetics": KINETICS,  # torchvision's video networks
    "lite": ((127 / 255,) * 3, (128 / 255,) * 3),  # EfficientNet-Lite: (x - 127) / 128 of frames in 0..255
    "caffe": ((123 / 255, 117 / 255, 104 / 255), (1 / 255,) * 3),  # BN-Inception: 0..255 minus whole means
    "vgg": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3),  # VGG's and Keras's VGG16, likewise
}
"""By name, what is subtracted from R, G, B in 0..1, and what the difference is divided by."""

UNIT = "unit"

AUTO = "auto"
"""The default of an option: 0..1 for fresh weights, the range that they expect when training from ImageNet weights."""


def input_scaling(name: str) -> keras.layers.Rescaling:
    """The layer that takes frames in 0..1 to the range `name`.

    Args:
        name: "unit" (0..1), "signed" (-1..1), "released" (1..-1), "lite" (-127/128..1), "caffe" or "vgg" (0..255
            minus the mean colour of ImageNet), "imagenet" or "kinetics" (mean 0 and deviation 1 over the data set of
            that name).

    Raises:
        InputError: another name.
    """
    mean, deviation = (
        np.array(values) for values in MEAN_AND_DEVIATION[check_choice("scaling", name, tuple(MEAN_AND_DEVIATION))]
    )
    # float32 also under mixed precision: the flow may be computed on the frames themselves.
    return keras.layers.Rescaling(
        (1 / deviation).tolist(), (-mean / deviation).tolist(), dtype="float32", name="input_scaling"
    )
