"""The flow that a model sees in a clip, at the clip's size."""

import dataclasses
from collections.abc import Callable
from typing import cast

import keras
import tensorflow as tf
from keras import ops

from launch.run.config import Config
from launch.run.data import Source
from launch.run.inference import as_graph
from models import motion_of
from tvnet_keras.ops.resize import resize_flow


def has_flow(model: keras.Model, outputs: tuple[str, ...]) -> bool:
    """Whether a model has a Motion layer, or answers with a flow."""
    return motion_of(model) is not None or "flow" in outputs


def flow_function(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """A compiled function of clips `[B, T, H, W, 3]` that returns their flow `[B, T', H, W, 2]`, in the clips' pixels.

    The flow is that of the Motion layer; the flow among the outputs of another model is enlarged to the clip's size.
    """
    motion = motion_of(model)
    return as_graph(model, _flow_of_outputs) if motion is None else as_graph(motion)


def _flow_of_outputs(model: keras.Model, clip: tf.Tensor) -> tf.Tensor:
    flow = model(clip, training=False)["flow"]
    batch, steps, height, width, _ = ops.shape(flow)
    fields = resize_flow(ops.reshape(flow, (-1, height, width, 2)), *ops.shape(clip)[2:4])
    return cast(tf.Tensor, ops.reshape(fields, (batch, steps, *ops.shape(fields)[1:])))


def at_measured_size(model: keras.Model, source: Source, config: Config) -> tuple[Source, Config]:
    """The source and the configuration for the size at which a model's flow is measured.

    A Motion layer works at any size; other models see the size that they were trained on, whatever `eval.flow_size`
    says.
    """
    if motion_of(model) is None:
        config = dataclasses.replace(config, eval=dataclasses.replace(config.eval, flow_size="training"))
        source = dataclasses.replace(source, config=config)
    return source, config


def measured_size(config: Config) -> str | list[int]:
    """The size at which flow is measured, as a protocol has it: "own", or height and width."""
    return "own" if config.eval.flow_size == "own" else [config.data.height, config.data.width]
