"""Keras optimizers with a learning rate per group of weights.

`keras.optimizers.MultiOptimizer` does not serve: it has no `learning_rate` to read or to schedule, so that callbacks
and curves that ask for it fail, it counts steps apart in every inner optimizer, and it needs a copy of the settings per
rate.
"""
