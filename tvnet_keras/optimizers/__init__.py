"""Keras optimizers with a learning rate per group of weights."""
