"""Scores of videos: their files, their fusion by video id, their accuracies; and the results that tables are made of.

* `scores`: one file of logits per evaluation;
* `score_fusion`: several evaluations of the same videos into one;
* `report`: accuracies with their uncertainty, and confusions;
* `gains`: what one evaluation gains over another, class by class;
* `occlusion`: which places of a clip an answer depends on;
* `result`: the committed numbers behind every table.
"""

from tvnet_keras.scoring.occlusion import Occlusion, occlude
from tvnet_keras.scoring.report import (
    accuracy_interval,
    confusion_matrix,
    confusion_picture,
    mean_class_accuracy,
    per_class_table,
    top_k,
)
from tvnet_keras.scoring.result import Result, load_results, save_result
from tvnet_keras.scoring.score_fusion import fuse
from tvnet_keras.scoring.scores import Scores, load_scores, save_scores

__all__ = [
    "Occlusion",
    "Result",
    "Scores",
    "accuracy_interval",
    "confusion_matrix",
    "confusion_picture",
    "fuse",
    "load_results",
    "load_scores",
    "mean_class_accuracy",
    "occlude",
    "per_class_table",
    "save_result",
    "save_scores",
    "top_k",
]
