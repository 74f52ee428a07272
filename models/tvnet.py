"""TVNet in front of a classifier (Fan et al., CVPR 2018): six frames -> ten channels of learned flow -> action.

The paper claims 85.5 % on UCF101 and 57.5 % on HMDB51, split 1 (Table 3: TVNet-50, BN-Inception from ImageNet weights,
250 views). `docs/methods/tvnet.md` lists what differs here.
"""

import dataclasses

import keras

from models.parts.clip_classifier import ClipClassifier, cross_entropy
from tvnet_keras.layers.flow_image import FlowImage
from tvnet_keras.layers.sliding_windows import SlidingWindows
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.losses.tvl1_energy import tvl1_energy

FLOW_FIELDS = 5
"""Flow fields stacked for the classifier (two channels each)."""

FRAMES = FLOW_FIELDS + 1

NEEDS = ("label",)


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=tvnet`."""

    backbone: str = "small"
    dropout: float = 0.5
    scales: int = 1
    warps: int = 1
    iterations: int = 50
    learn: tuple[str, ...] = ("u0", "kernels")
    flow_bound: float = 20.0  # pixels; larger displacements are clipped before the classifier
    energy_weight: float = 0.1  # weight of the TV-L1 energy in the multi-task loss (paper, section 4.3)
    motion_rate: float = 1 / 255  # TVNet's learning rate relative to the classifier's (released code)


@keras.saving.register_keras_serializable(package="models")
class TVNetClassifier(ClipClassifier):
    """TVNet -> flow images -> stacks of five fields -> image classifier; logits are the mean over stacks.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, T >= 6. Longer clips are scored in sliding windows.
        training: as in Keras.

    Output shape:
        `{"logits": [B, num_classes], "flow": [B, T - 1, H, W, 2]}`.

    Raises:
        ValueError: a clip of fewer than six frames.
    """

    options_class = Options

    def __init__(self, num_classes: int, clip_shape: tuple, options: Options | dict | None = None, **kwargs) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        self.motion = TVNet(chosen.scales, chosen.warps, chosen.iterations, learn=chosen.learn, name="tvnet")
        self.flow_image = FlowImage(chosen.flow_bound, name="flow_image")
        self.windows = SlidingWindows(FLOW_FIELDS, name="windows")
        self.classifier = self.make_classifier(channels=2 * FLOW_FIELDS)

    def build(self, input_shape=None) -> None:
        """Creates every weight for clips of `clip_shape`."""
        self.motion.build((None, *self.clip_shape))
        self.built = True

    def call(self, clip, training=None):
        """Clips to logits and flow."""
        if clip.shape[1] is not None and clip.shape[1] < FRAMES:
            raise ValueError(f"TVNet's classifier stacks {FRAMES} frames; the clip has {clip.shape[1]}.")
        flow = self.motion(clip)
        stacks = self.windows(self.flow_image(flow))
        return {"logits": self.consensus(self.classifier(stacks, training=training)), "flow": flow}


def build(*, num_classes: int, clip_shape: tuple, options: Options | None = None) -> keras.Model:
    """A `TVNetClassifier` with all its weights."""
    model = TVNetClassifier(num_classes, clip_shape, options, name="tvnet_classifier")
    model.build()
    return model


def objective(options: Options, batch: dict, outputs: dict) -> dict:
    """Multi-task loss of the paper: cross-entropy plus `energy_weight` times the TV-L1 energy, per clip `[B]`."""
    energy = options.energy_weight * tvl1_energy(batch["clip"], outputs["flow"])
    return {"class": cross_entropy(batch["label"], outputs["logits"]), "energy": energy}


def learning_rates(options: Options) -> dict[str, float]:
    """TVNet's own rate; empty where none of its weights is trained."""
    return {"(^|/)tvnet/": options.motion_rate} if options.learn else {}
