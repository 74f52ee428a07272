"""Keras optimizers with a learning rate per group of weights.

`keras.optimizers.MultiOptimizer` is not used for it: it has no `learning_rate` to read or to schedule (callbacks and
curves that ask for it fail), counts steps apart in every inner optimizer, and needs one copy of the settings per rate.
"""
