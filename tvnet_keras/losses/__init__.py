"""Losses on flow fields, one file per loss: a function of tensors, and a `keras.losses.Loss` for `compile`.

* `endpoint`: end-point error against the true flow, with unknown vectors masked.
* `tvl1_energy`: TV-L1's energy of a clip and its flow, for training without labels.

Functions only, of which a network's objective is made:

* `multiscale`: end-point error at several resolutions.
* `unsupervised_flow`: the terms of Hidden Two-Stream's MotionNet at several resolutions, from `photometric`,
  `smoothness` and `ssim`, which are penalised by `charbonnier` and divided by `normalisation`.
"""
