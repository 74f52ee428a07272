"""Which videos are learnt from, validated on and tested on: the lists of a data set, and what is kept back of them."""

from dataclasses import replace
from pathlib import Path

from launch.run.config import Config, DataConfig
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.holdout import hold_out, portion, ungrouped, usual_pattern
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.split_files import subset_folders


def list_of(data: DataConfig, subset: str) -> VideoList:
    """The videos of a subset. With `data.validation`, "test" is the validation.

    That is the list that the data set's folder has for it, else a part that is kept back from the training list.

    Args:
        data: the `data` section of a configuration.
        subset: "train" or "test".

    Raises:
        InputError: no such list, nothing can be kept back, or `data.group` finds nothing in any name.
    """
    own = _own_validation(data)
    if own is not None:
        # What the folder has for validation is not left out any more.
        videos = own if subset == "test" else replace(_load(data, subset), notes=own.notes)
    elif data.validation:
        rest, held = hold_out(_load(data, "train"), data.validation, datasets.recordings_of(data.dataset, data.group))
        if not (held.videos or held.missing):
            raise InputError(
                f"--config.data.validation={data.validation} keeps nothing back: no class of the training list of "
                f"--config.data.dataset={data.dataset} has two recordings; set --config.data.validation=0."
            )
        videos = held if subset == "test" else rest
    else:
        videos = _load(data, subset)
    if subset == "train" and data.portion < 1:
        return portion(videos, data.portion, datasets.recordings_of(data.dataset, data.group))
    return videos


def said_of_validation(config: Config, learnt: int, validated: int) -> str:
    """The sentence about what a run learns from and is validated on; empty where that is the test list.

    Args:
        config: its configuration.
        learnt: number of videos that it learns from.
        validated: number of videos that it is validated on.
    """
    if not config.data.validation:
        return ""
    of = "the folder's own validation videos" if _own_validation(config.data) else "kept back from the training list"
    # launch.evaluate takes the test list by itself where the validation has chosen the weights.
    flag = "" if config.train.keep_best else " --config.data.validation=0"
    return (
        f"Learning from {learnt} videos, validating on {validated}, {of}; the test list is left for launch.evaluate"
        f"{flag}."
    )


def _load(data: DataConfig, subset: str) -> VideoList:
    itself = datasets.divides_itself(data.dataset)
    options = {"group": data.group} if data.group and itself else {}
    videos = datasets.load(data.dataset, data.root, subset=subset, split=data.split, classes=data.classes, **options)
    if data.group:
        return replace(videos, notes=(*videos.notes, *_ungrouped(data, videos)))
    # Whoever made folders of training and of test videos has divided them.
    divided = itself and (data.validation or not subset_folders(Path(data.root)))
    pattern = usual_pattern([video.video_id for video in videos.videos]) if divided else None
    if pattern is None:
        return videos
    note = (
        "Names look like those of several clips of a recording, which may stand in several lists, so that what is "
        f"tested is known already: --config.data.group={pattern!r} keeps them together."
    )
    return replace(videos, notes=(*videos.notes, note))


def _ungrouped(data: DataConfig, videos: VideoList) -> list[str]:
    """A sentence about videos in whose names `data.group` finds nothing, if there are any."""
    ids = [video.video_id for video in videos.videos]
    alone = ungrouped(data.group, ids)
    if ids and len(alone) == len(ids):
        raise InputError(f"--config.data.group={data.group} finds nothing in any video's name, such as {ids[0]}.")
    return (
        [
            f"--config.data.group finds nothing in {len(alone)} of {len(ids)} names, such as {alone[0]}: each of these "
            "counts as a recording of its own."
        ]
        if alone
        else []
    )


def _own_validation(data: DataConfig) -> VideoList | None:
    return datasets.validation_list_of(data.dataset, data.root, classes=data.classes) if data.validation else None
