"""Hidden Two-Stream (Zhu et al., ACCV 2018) on UCF101, at a size that trains on a CPU.

The paper, split 1 (Table 2): the temporal stream on MotionNet 83.8 % (a), 84.0 (b), 84.9 (c); with an RGB stream at
1 : 1.5 in its favour 87.5, 88.0, 89.8. MotionNet learns for 400,000 steps of 16 stacks of eleven frames of 224 x 224,
without labels; its VGG-16 starts from one that was trained on TV-L1's flow, which any weights with the names of
models/encoders/vgg16.py stand for. The paper's settings, all steps one after the other, with the released losses:

    python -m launch.train --method=motion_net --experiment=hidden_two_stream_ucf101 --output_dir=runs/motion_net \\
      --config.data.root=UCF-101 --config.data.height=224 --config.data.width=224 --config.data.resize_short=256 \\
      --config.data.resize_long=340 --config.data.frames=11 --config.model.flow_fields=10 --config.model.width=64 \\
      --config.model.normalisation=released --config.train.steps=400000 --config.train.batch_size=16 \\
      --config.train.lr=3.2e-5 --config.train.weight_decay=4e-4 --config.train.schedule=steps \\
      --config.train.lr_steps=100000,200000,300000 --config.train.lr_factor=0.5 --config.train.warmup=0 \\
      --config.train.clip_norm=0
    python -m launch.train --method=hidden_two_stream --experiment=hidden_two_stream_ucf101 \\
      --output_dir=runs/hidden-c --config.init_from=runs/motion_net --config.data.root=UCF-101 \\
      --config.model.backbone=vgg16 --config.model.dropout=0.8 --config.model.flow_range=eight_bit \\
      --config.model.flow_bound=20 --config.model.flow_fields=10 --config.model.motion_width=64 \\
      --config.model.normalisation=released --config.data.frames=11 --config.data.height=224 \\
      --config.data.width=224 --config.data.resize_short=256 --config.data.resize_long=340 \\
      --config.train.optimizer=sgd --config.train.lr=0.001 --config.train.weight_decay=0.005 \\
      --config.train.batch_size=128 --config.train.accumulate=8 --config.train.schedule=steps \\
      --config.train.lr_steps=5000,10000 --config.train.steps=16000 --config.train.warmup=0 \\
      --config.train.clip_norm=0 \\
      --config.eval.sampling=floor --config.eval.clips=25 --config.eval.crops=10
    python -m launch.train --method=rgb --experiment=hidden_two_stream_ucf101 --output_dir=runs/spatial \\
      --config.init_from=imagenet --config.model.backbone=vgg16 --config.model.dropout=0.8 \\
      --config.data.root=UCF-101 --config.data.frames=1 --config.data.height=224 --config.data.width=224 \\
      --config.data.resize_short=256 --config.data.resize_long=340 --config.train.optimizer=sgd \\
      --config.train.lr=0.001 --config.train.batch_size=128 --config.train.accumulate=8 --config.train.schedule=steps \\
      --config.train.lr_steps=4000,8000 --config.train.steps=10000 --config.train.warmup=0 \\
      --config.train.clip_norm=0 \\
      --config.eval.clips=25 --config.eval.crops=10
    python -m launch.evaluate --run=runs/hidden-c
    python -m launch.evaluate --run=runs/spatial
    python -m launch.fuse --scores=runs/spatial/evaluation/scores.npz,runs/hidden-c/evaluation/scores.npz \\
      --rule=hidden_two_stream --output_dir=runs/hidden-two-stream

Caffe's decay of 0.0005 is a part of the gradient, which the momentum of 0.9 adds up tenfold; here it stands beside the
gradient, so that 0.005 is the same. Adam has no such rule: MotionNet's 4e-4 is the published number alone.

(a) and (b) start from the same MotionNet: `--config.model.losses=class`, and for (a) also
`--config.model.motion_frozen=true`.
"""

from launch.run.config import Config, new_config

OPTIONS = {
    "motion_net": {"width": 16, "flow_fields": 5, "normalisation": "released"},
    "hidden_two_stream": {"motion_width": 16, "flow_fields": 5, "flow_bound": 10.0, "normalisation": "released"},
}
"""Options of the methods that have them: a quarter of the width, six frames. By the paper's means, the price of a flow
that is not the same everywhere outweighs what a small flow explains: no flow is where such a training ends."""

TRAIN = {"motion_net": {"steps": 3000, "batch_size": 16, "lr": 1e-3, "clip_norm": 2.0}}
"""At twice this rate, clipped at 10, a training left the frames after 600 steps, with flow of thousands of pixels."""


def config(method: str) -> Config:
    """Six frames of 96 x 96 from videos of 128 pixels' short side."""
    return new_config(
        method,
        "hidden_two_stream_ucf101",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "ucf101",
            "root": "data/ucf101",
            "height": 96,
            "width": 96,
            "resize_short": 128,
        },
        train={
            "steps": 1500,
            "batch_size": 16,
            "lr": 1e-3,
            "warmup": 50,
            "log_every": 50,
            "checkpoint_every": 200,
            **TRAIN.get(method, {}),
        },
        eval={"sampling": "floor", "clips": 5, "crops": 1},
    )
