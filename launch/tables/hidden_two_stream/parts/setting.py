"""What the tables of Hidden Two-Stream share, in words, for the page, and the commands of the paper's own trainings."""

MOTION_SETTING = """
Here: a MotionNet of a quarter of the published width (2.7 million weights) on stacks of six frames, 96 x 96 corner
crops and flips of videos of 128 pixels' short side, without labels; batch 16, Adam 0.001 with cosine decay, 50 steps
of warm-up, gradients clipped at a norm of 2; the terms normalised as in the released code. Residual: the middle clip of
every test video, centre crop, in grey levels 0..255.
"""

STREAM_SETTING = """
Here: the MotionNet of `hidden_two_stream_flow` (a quarter of the published width, six frames) in front of
EfficientNet-Lite0 from ImageNet, whose first convolution is averaged over RGB and repeated (the paper: VGG-16 from a
network of TV-L1's flow, for which there are no weights here); 96 x 96 corner crops of videos of 128 pixels' short side,
flips; the same three windows of six frames of every video for all rows; batch 16, Adam 0.001 with cosine decay, 50
steps of warm-up, dropout 0.5; flow beyond 5 pixels is clipped. Where MotionNet learns, it does at a thousandth of that
rate, as in the paper. Tested on the three windows, centre crop.
"""

SEEDS_SETTING = """
Here: the networks, data and views of `hidden_two_stream_table2`, row `stacked-c`, batch 16; the optimizer, rates and
steps are those above, without warm-up, and no gradient is clipped.
"""

PUBLISHED_FIELDS = 10


FRAME_SIZES = (
    "--config.data.height=224 --config.data.width=224 --config.data.resize_short=256 --config.data.resize_long=340"
)
"""Views of 224 x 224 are cut of frames of 340 x 256."""


def _sizes(fields: int = PUBLISHED_FIELDS) -> str:
    return f"{FRAME_SIZES} --config.data.frames={fields + 1} --config.model.flow_fields={fields}"


def motion_command(root: str, folder: str, options: str = "", fields: int = PUBLISHED_FIELDS) -> str:
    """The paper's own training of MotionNet.

    Args:
        root: the folder of UCF101.
        folder: the run's, under runs/.
        options: further flags.
        fields: flow fields of a stack.
    """
    return (
        "python -m launch.train --method=motion_net --experiment=hidden_two_stream_ucf101 "
        f"--output_dir=runs/{folder} --config.data.root={root} --config.model.width=64 "
        f"--config.model.normalisation=released {options}{' ' if options else ''}{_sizes(fields)} "
        "--config.train.steps=400000 --config.train.lr=3.2e-5 --config.train.weight_decay=4e-4 "
        "--config.train.schedule=steps --config.train.lr_steps=100000,200000,300000 --config.train.lr_factor=0.5 "
        "--config.train.warmup=0 --config.train.clip_norm=0"
    )


def stream_command(experiment: str, root: str, folder: str, options: str, motion_run: str = "motion_net") -> str:
    """The paper's own training of a temporal stream, and its test.

    Caffe's weight decay of 0.0005 is a part of the gradient, which the momentum of 0.9 adds up tenfold; decay here
    stands beside the gradient, so that 0.005 is the same.

    Args:
        experiment: of the data set.
        root: the data set's folder.
        folder: the run's, under runs/.
        options: what the row changes.
        motion_run: the run that MotionNet starts from, under runs/; empty for none.
    """
    start = f"--config.init_from=runs/{motion_run} " if motion_run else ""
    return (
        f"python -m launch.train --method=hidden_two_stream --experiment={experiment} --output_dir=runs/{folder} "
        f"{start}--config.data.root={root} --config.model.backbone=vgg16 --config.model.dropout=0.8 "
        f"--config.model.flow_range=eight_bit --config.model.flow_bound=20 --config.model.motion_width=64 "
        f"--config.model.normalisation=released {options} {_sizes()} --config.train.optimizer=sgd "
        "--config.train.lr=0.001 --config.train.weight_decay=0.005 --config.train.batch_size=128 "
        "--config.train.accumulate=8 --config.train.schedule=steps --config.train.lr_steps=5000,10000 "
        "--config.train.steps=16000 --config.train.warmup=0 --config.train.clip_norm=0 --config.eval.sampling=floor "
        "--config.eval.clips=25 --config.eval.crops=10"
    )


def spatial_command(experiment: str, root: str, folder: str) -> str:
    """The paper's own training of the spatial stream.

    Args:
        experiment: of the data set.
        root: the data set's folder.
        folder: the run's, under runs/.
    """
    return (
        f"python -m launch.train --method=rgb --experiment={experiment} --output_dir=runs/{folder} "
        f"--config.init_from=imagenet --config.data.root={root} --config.model.backbone=vgg16 "
        f"--config.model.dropout=0.8 {FRAME_SIZES} "
        "--config.data.frames=1 --config.train.optimizer=sgd --config.train.lr=0.001 --config.train.batch_size=128 "
        "--config.train.accumulate=8 --config.train.schedule=steps --config.train.lr_steps=4000,8000 "
        "--config.train.steps=10000 --config.train.warmup=0 --config.train.clip_norm=0 --config.eval.clips=25 "
        "--config.eval.crops=10"
    )
