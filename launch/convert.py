"""Converts weights of PyTorch's residual and image networks, or of Caffe's Hidden Two-Stream, into weights of ours.

    python -m launch.convert --from=torch --weights=resnet34-b627a593.pth --output=resnet34.weights.h5 \\
      --method=representation_flow --experiment=hmdb51 --config.model.depth=34 --config.model.scaling=imagenet

Training can start from the result: `--config.init_from=resnet34.weights.h5` with the same model options. Known networks
are torchvision's resnet18, 34, 50, r3d_18 and r2plus1d_18, and both released ones of Representation Flow: the first
(`--config.model.backbone=resnet2plus1d_hmdb --config.model.depth=50 --config.model.flows=fcf
--config.model.fusion=residual --config.model.variant=released_v1`) and the second
(`--config.model.backbone=resnet2plus1d_kinetics --config.model.depth=50 --config.model.fusion=residual_frame
--config.model.variant=released_v2`). Image networks are inflated where the model sees clips. With `--method=rgb`,
`--config.model.backbone` may also be bn_inception (bn_inception-*.pth, which comes from Caffe), vgg16 (torchvision's)
or efficientnet_lite0; networks on flow start from the result by `--config.init_from`. `--config.model.scaling` belongs
to the weights: imagenet (torchvision's images), kinetics (r3d_18, r2plus1d_18), released, caffe (bn_inception), lite
(efficientnet_lite0). PyTorch (pip install torch) is needed only for files with sparse, quantised or bfloat16 tensors.

    python -m launch.convert --from=caffe --weights=ucf101_split1_vgg16_hidden.caffemodel --output=hidden.weights.h5 \\
      --method=hidden_two_stream --experiment=ucf101 --config.model.backbone=vgg16 \\
      --config.model.flow_range=eight_bit --config.data.height=224 --config.data.width=224

From Caffe come the released networks of Hidden Two-Stream: MotionNet with VGG-16 behind it, or with
`--method=motion_net` MotionNet alone, whatever stands behind it in the file. That VGG-16 expects
`--config.model.flow_range=eight_bit`. Neither Caffe nor Protocol Buffers is needed.
"""

from pathlib import Path

import keras
import numpy as np
from absl import flags

from launch.run import app, config_flags
from launch.run.config import Config, method_module
from launch.run.model import build_model
from launch.train import experiment_config
from launch.weights.caffe import names as caffe_names
from launch.weights.caffe import transfer as caffe_transfer
from launch.weights.caffe.reading import read_caffemodel
from launch.weights.checksum import save_weights
from launch.weights.torch.names import renamed
from launch.weights.torch.reading import read_state_dict
from launch.weights.torch.transfer import transfer
from models import encoders, needs_of
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError

TORCH, CAFFE = "torch", "caffe"

FROM = flags.DEFINE_enum("from", TORCH, [TORCH, CAFFE], "The framework that the weights come from.")
WEIGHTS = flags.DEFINE_string(
    "weights", "", "The weights: PyTorch's state dict, a .pth or .pt file, or a .caffemodel.", **app.SHARED_FLAG
)
OUTPUT = flags.DEFINE_string("output", "", "The file to write; its name ends in .weights.h5.", **app.SHARED_FLAG)
for name in ("method", "experiment"):
    flags.declare_key_flag(name)

ENDING = ".weights.h5"


def main() -> None:
    """Reads the flags and converts."""
    if not WEIGHTS.value or not OUTPUT.value.endswith(ENDING):
        file = {TORCH: "FILE.pth", CAFFE: "FILE.caffemodel"}[FROM.value]
        raise InputError(f"--weights={file} and --output=FILE{ENDING} are required.")
    config, weights, output = config_flags.parsed_config(), Path(WEIGHTS.value), Path(OUTPUT.value)
    changed, left = convert(config, weights, output, FROM.value)
    print(f"written: {output} ({changed} weights from {weights}; {left} others are fresh)")


def convert(config: Config, weights: Path, output: Path, framework: str = TORCH) -> tuple[int, int]:
    """Writes the weights of a configuration's model, with those of another framework's network in it.

    Args:
        config: the configuration; its network must have the same layers, or, of PyTorch's, be the inflated form.
        weights: the file with PyTorch's state dict, or the `.caffemodel`.
        output: the `.weights.h5` file to write.
        framework: "torch" or "caffe".

    Returns:
        The number of weights that came from the file, and of those that did not.

    Raises:
        InputError: a file cannot be read or written, or does not fit the network.
    """
    read, put = {TORCH: (_of_torch, transfer), CAFFE: (_of_caffe, caffe_transfer.transfer)}[framework]
    values = read(config, weights)
    classes = _classes(values, weights, required=framework == TORCH or _needs_labels(config))
    keras.utils.set_random_seed(config.seed)
    model = build_model(config, classes)
    counts = put(values, model, str(weights))
    save_weights(model, output)
    return counts


def _of_torch(config: Config, weights: Path) -> dict[str, np.ndarray]:
    backbone = vars(config.model).get("backbone")
    from_torch = encoders.from_torch_of(backbone) if backbone in module_names(encoders) else None
    return renamed(read_state_dict(weights), str(weights), from_torch)


def _of_caffe(config: Config, weights: Path) -> dict[str, np.ndarray]:
    return caffe_names.renamed(read_caffemodel(weights), str(weights))


def _needs_labels(config: Config) -> bool:
    return "label" in needs_of(method_module(config.method), config.model)


def _classes(values: dict[str, np.ndarray], weights: Path, *, required: bool) -> int:
    """The number of classes of the file's classifier, 0 without one that is not required."""
    bias = values.get("logits/bias")
    if bias is None:
        if not required:
            return 0
        raise InputError(
            f"--weights={weights} has no classifier of this network: name a whole network's weights, and check "
            "--config.model.backbone."
        )
    if bias.ndim != 1 or not bias.size:
        raise InputError(
            f"--weights={weights}: the classifier's bias must have one value per class, but its shape is {bias.shape}."
        )
    return len(bias)


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(experiment_config))
