"""Videos of UCF101 by their official names."""

from collections.abc import Sequence

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets


def listed_videos(flag: str, root: str, video_ids: Sequence[str], *, classes: Sequence[str] = ()) -> dict[str, str]:
    """The paths of some videos of the first test list.

    Args:
        flag: the flag that gave the folder, for the sentence.
        root: the folder of UCF101.
        video_ids: the official names, such as "v_Archery_g01_c06".
        classes: the only classes that are looked into; empty looks into all.

    Returns:
        The paths by video, in the order of `video_ids`.

    Raises:
        InputError: the folder has no lists of UCF101, or lacks a video.
    """
    videos = datasets.load("ucf101", root, subset="test", classes=classes).videos
    paths = {video.video_id: video.path for video in videos}
    missing = [video_id for video_id in video_ids if video_id not in paths]
    if missing:
        raise InputError(f"{flag}={root} lacks the video {missing[0]} of UCF101; put it where its list names it.")
    return {video_id: str(paths[video_id]) for video_id in video_ids}
