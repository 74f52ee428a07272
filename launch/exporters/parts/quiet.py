"""TensorFlow without warnings of what an export does not need."""

import contextlib
import warnings
from collections.abc import Iterator

import tensorflow as tf
from absl import logging


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """A context without warnings, such as of the gradients that a file does not keep; errors are told as ever."""
    logger, verbosity = tf.get_logger(), logging.get_verbosity()
    level = logger.level
    logger.setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logger.setLevel(level)
        logging.set_verbosity(verbosity)
