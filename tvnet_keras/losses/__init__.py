"""Losses on flow fields, one file per loss: a function of tensors, and a `keras.losses.Loss` for `compile`.

* `endpoint`: end-point error against the true flow, with unknown vectors masked.
* `tvl1_energy`: TV-L1's energy of a clip and its flow, for training without labels.
"""
