"""Networks, one method per file; adding a file adds `--method=<its name>`.

Every method module has
`Options` (a dataclass: what `--config.model.*` can set),
`FRAMES` (frames its clips have by default) and
`build(*, num_classes, clip_shape, options) -> keras.Model`, whose output is `{"logits": [B, K], ...}`,
`objective(options, clip, label, outputs) -> {name: [B]}`, the terms of the loss, already weighted, and
`learning_rates(options) -> {pattern: multiplier}` for `tvnet_keras.optimizers`.

Every layer with weights has a name of its own, the same under all options: by it weights are found, in runs of other
options and of earlier versions (`launch.weights_by_name`). Another name is another layer.
"""
