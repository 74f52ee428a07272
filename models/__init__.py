"""Networks, one method per file; adding a file adds `--method=<its name>`.

Every method module has

`Options`
    A dataclass of options (`tvnet_keras.options.option`): what `--config.model.*` can set. Meaning, allowed words and
    limits stand there and nowhere else; `ClipModel` checks them.
`FRAMES`
    Frames that its clips have by default, and at least under the default options.
`NEEDS`
    What its objective reads of a Batch beside `clip`: any of "label", "flow" and "known"; `()` learns without truth.
`build(*, num_classes, clip_shape, options) -> keras.Model`
    A model of clips `[B, T, H, W, 3]` that answers with a dictionary of outputs. Each of them may be absent: `logits`
    `[B, K]`; `flow`, a Flow (`[B, T', h, w, 2]`, pixels of its own resolution); `flows`, a list of Flows at several
    resolutions, fine to coarse; `feature_flow`, a picture of the motion of features, which is no Flow. `num_classes` is
    0 where the data has no labels; `clip_shape` has None for a height and width that vary.
`objective(options, batch, outputs) -> {name: [B]}`
    The terms of the loss for a Batch and the model's outputs, already weighted, with one value per clip.
`learning_rates(options) -> {pattern: multiplier}`
    The groups of weights that learn at another rate, as `tvnet_keras.optimizers` takes them.

It may also have `needs(options)` and `frames(options)`, where options change `NEEDS` or the least number of frames;
`needs_of` and `frames_of` ask for either. The model may have

`motion`
    Its Motion layer on frames, whose flow is exported, measured and shown at any size. A layer whose output is no Flow
    of the frames stands under another name.
`classifier`
    The image network on every time step (a `PerStep` layer), into which ImageNet weights fit.
`network_rates`
    `{pattern: multiplier}` of further weights that learn at another rate: those of the network, whose names only the
    model knows. They decay as all others do; those of `learning_rates` are a solver's and are to keep their size.
`input_field`
    The field of a Batch that it takes in place of the clip.

`motion_of`, `classifier_of`, `network_rates_of` and `input_of` ask for them; the first two answer None where a model
has no such attribute.

Every layer with weights has a name of its own, the same under all options. Weights are found by it in runs with other
options and of earlier versions (`launch.weights.by_name`), so a renamed layer loses its weights.
"""

from types import ModuleType

import keras

# The library imports every method as its last step, to register the classes (tvnet_keras.registration). Were a method
# the first to import the library, the others would find that method half made.
import tvnet_keras  # noqa: F401


def needs_of(method: ModuleType, options: object) -> tuple[str, ...]:
    """The fields of a Batch, beside `clip`, that a method's objective reads.

    Args:
        method: a module of this folder.
        options: the method's `Options`.
    """
    return tuple(vars(method).get("needs", lambda _: method.NEEDS)(options))


def frames_of(method: ModuleType, options: object) -> int:
    """The least number of frames of a method's clips.

    Args:
        method: a module of this folder.
        options: the method's `Options`.
    """
    return vars(method).get("frames", lambda _: method.FRAMES)(options)


def motion_of(model: keras.Model) -> keras.layers.Layer | None:
    """A model's Motion layer on frames, None without one."""
    return getattr(model, "motion", None)


def classifier_of(model: keras.Model) -> keras.layers.Layer | None:
    """A model's image network, None without one."""
    return getattr(model, "classifier", None)


def network_rates_of(model: keras.Model) -> dict[str, float]:
    """The rates of a model's image network, empty where all of its weights learn at one rate."""
    return getattr(model, "network_rates", {})


def input_of(model: keras.Model) -> str:
    """The field of a Batch that a model takes: `clip`, where it does not say otherwise."""
    return getattr(model, "input_field", "clip")
