"""Networks, one method per file; adding a file adds `--method=<its name>`.

Every method module has
`Options` (a dataclass: what `--config.model.*` can set),
`FRAMES` (frames its clips have by default) and
`build(*, num_classes, clip_shape, options) -> keras.Model`, whose output is `{"logits": [B, K], ...}`,
`objective(options, clip, label, outputs) -> {name: [B]}`, the terms of the loss, already weighted, and
`learning_rates(options) -> {pattern: multiplier}` for `tvnet_keras.optimizers`.
"""
