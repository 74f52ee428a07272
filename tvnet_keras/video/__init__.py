"""From video files to clips.

* `read`: frame-exact reading (`probe`, `count_frames`, `iterate_frames`, `read_frames`);
* `orientation`: turning frames upright;
* `sample`: which frames make a clip; `augment`: crops, flips, colours; `recipe`: how much of each, carried whole;
* `listing`: a data set's list of files; `datasets`: one module per data set; `split_files`: official lists;
* `holdout`: parts of a list by whole recordings, to validate on and to learn from;
* `scan`: how many frames the files of a list have (`scan.scan`), which are broken, short or there twice;
* `length`: whether a file was cut short;
* `cache`: JPEG frames in `shards`, files of records of many videos; `shard_index`: what their JSON files say;
* `views` and `pipeline`: tf.data batches for training and testing; `workers`: how many files at the same time;
* `shutdown`: ending a program while tf.data still calls Python;
* `moving_shapes`: the generated data set.
"""

from tvnet_keras.video.cache import CachedVideos, write_cache
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.pipeline import eval_dataset, train_dataset, video_errors
from tvnet_keras.video.read import VideoError, VideoInfo, count_frames, iterate_frames, probe, read_frames
from tvnet_keras.video.recipe import ClipRecipe, MultiView, ViewRecipe
from tvnet_keras.video.scan import Problem, Scan
from tvnet_keras.video.views import FrameSource

__all__ = [
    "CachedVideos",
    "ClipRecipe",
    "FrameSource",
    "MultiView",
    "Problem",
    "Scan",
    "Video",
    "VideoError",
    "VideoInfo",
    "VideoList",
    "ViewRecipe",
    "count_frames",
    "eval_dataset",
    "iterate_frames",
    "probe",
    "read_frames",
    "train_dataset",
    "video_errors",
    "write_cache",
]
