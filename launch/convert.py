"""Converts PyTorch's weights of residual and image networks into weights of ours.

    python -m launch.convert --from=torch --weights=resnet34-b627a593.pth --output=resnet34.weights.h5 \\
      --method=representation_flow --experiment=hmdb51 --config.model.depth=34 --config.model.scaling=imagenet

Training can start from the result: `--config.init_from=resnet34.weights.h5` with the same model options. Known networks
are torchvision's resnet18, 34, 50, r3d_18 and r2plus1d_18, and the first released one of Representation Flow
(`--config.model.backbone=resnet2plus1d_hmdb --config.model.depth=50 --config.model.flows=fcf
--config.model.fusion=residual --config.model.variant=released_v1`). Image networks are inflated where the model sees
clips. With `--method=rgb`, `--config.model.backbone` may also be bn_inception (bn_inception-*.pth, which comes from
Caffe), vgg16 (torchvision's) or efficientnet_lite0; networks on flow start from the result by `--config.init_from`.
`--config.model.scaling` belongs to the weights: imagenet (torchvision's images), kinetics (r3d_18, r2plus1d_18),
released, caffe (bn_inception), lite (efficientnet_lite0). PyTorch (pip install torch) is needed only for files with
sparse, quantised or bfloat16 tensors.
"""

from pathlib import Path

import keras
from absl import flags

from launch.run import app, config_flags
from launch.run.config import Config
from launch.run.model import build_model
from launch.train import experiment_config
from launch.weights.checksum import save_weights
from launch.weights.torch.names import renamed
from launch.weights.torch.reading import read_state_dict
from launch.weights.torch.transfer import transfer
from models import encoders
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError

FROM = flags.DEFINE_enum("from", "torch", ["torch"], "The framework that the weights come from.")
WEIGHTS = flags.DEFINE_string("weights", "", "The state dict, a .pth or .pt file.", **app.SHARED_FLAG)
OUTPUT = flags.DEFINE_string("output", "", "The file to write; its name ends in .weights.h5.", **app.SHARED_FLAG)
for name in ("method", "experiment"):
    flags.declare_key_flag(name)

ENDING = ".weights.h5"


def main() -> None:
    """Reads the flags and converts."""
    if not WEIGHTS.value or not OUTPUT.value.endswith(ENDING):
        raise InputError(f"--weights=FILE.pth and --output=FILE{ENDING} are required.")
    changed, left = convert(config_flags.parsed_config(), Path(WEIGHTS.value), Path(OUTPUT.value))
    print(f"written: {OUTPUT.value} ({changed} weights from {WEIGHTS.value}; {left} others are fresh)")


def convert(config: Config, weights: Path, output: Path) -> tuple[int, int]:
    """Writes the weights of a configuration's model, with those of a PyTorch network in it.

    Args:
        config: the configuration; its network must have the same layers, or be the inflated form.
        weights: the file with the state dict.
        output: the `.weights.h5` file to write.

    Returns:
        The number of weights that came from the file, and of those that did not.

    Raises:
        InputError: a file cannot be read or written, or does not fit the network.
    """
    backbone = vars(config.model).get("backbone")
    from_torch = encoders.from_torch_of(backbone) if backbone in module_names(encoders) else None
    values = renamed(read_state_dict(weights), str(weights), from_torch)
    classes = values.get("logits/bias")
    if classes is None:
        raise InputError(
            f"--weights={weights} has no classifier of this network: name a whole network's state dict, and check "
            "--config.model.backbone."
        )
    if classes.ndim != 1 or not classes.size:
        raise InputError(
            f"--weights={weights}: the classifier's bias must have one value per class, but its shape is "
            f"{classes.shape}."
        )
    keras.utils.set_random_seed(config.seed)
    model = build_model(config, len(classes))
    counts = transfer(values, model, str(weights))
    save_weights(model, output)
    return counts


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(experiment_config))
