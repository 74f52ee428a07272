"""Losses on flow fields, one class per file; each is a `keras.losses.Loss` and works with `compile` too."""
