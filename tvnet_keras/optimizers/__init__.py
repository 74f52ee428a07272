"""Keras optimizers with a learning rate per group of weights.

`keras.optimizers.MultiOptimizer` is not used: it has no `learning_rate` that callbacks and curves could read or
schedule, it counts steps apart in every inner optimizer, and it needs one copy of the settings per rate.
"""
