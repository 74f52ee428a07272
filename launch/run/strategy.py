"""`--strategy`: how a step is spread over devices."""

import tensorflow as tf
from absl import flags

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError

STRATEGIES = ("none", "mirrored")

STRATEGY = flags.DEFINE_string(
    "strategy", "none", "How a step is spread over devices: none, or mirrored (one replica per device)."
)
DEVICES = flags.DEFINE_list(
    "devices", [], "Devices of --strategy=mirrored, such as GPU:0,GPU:1 (default: all GPUs) or CPU:0,CPU:1."
)


def make_strategy() -> tf.distribute.Strategy:
    """The strategy that the flags name; to be called before anything else touches TensorFlow's devices.

    Raises:
        InputError: unknown strategy or device.
    """
    check_choice("--strategy", STRATEGY.value, STRATEGIES)
    if STRATEGY.value == "none":
        if DEVICES.value:
            raise InputError(f"--devices={','.join(DEVICES.value)} needs --strategy=mirrored.")
        return tf.distribute.get_strategy()
    _split_cpu(sum(name.upper().startswith("CPU") for name in DEVICES.value))
    # TensorFlow itself would fail only in the middle of the first step.
    present = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    absent = [name for name in DEVICES.value if name.upper() not in present]
    if absent:
        raise InputError(
            f"--devices={','.join(DEVICES.value)} cannot be used: there is no {absent[0]}, only {', '.join(present)}."
        )
    return tf.distribute.MirroredStrategy(DEVICES.value or None)


def _split_cpu(count: int) -> None:
    """Makes the processor appear as `count` devices, so that replicas can be tried without GPUs."""
    if count > 1:
        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * count)
