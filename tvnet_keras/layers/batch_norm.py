"""The settings of every batch normalisation of the library."""

BATCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}
"""PyTorch's defaults in Keras's words, with which the networks of the papers were trained."""
