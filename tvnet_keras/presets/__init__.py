"""Presets of TVNet: trained weights that the package carries, one small file each; adding a file adds a preset.

    >>> "tvnet-5-5-50-generated" in names()
    True

`NAME.npz` holds the weights as float32 arrays under their names, and as JSON the constructor's arguments and the card:
what the weights were trained on, by which command, with which versions, and what was measured. It is the form of the
score files. One file cannot come apart as a pair could, float32 stays exact, NumPy reads it without TensorFlow and
without pickles, and the archive keeps a checksum of every array.

The initial flow u0 is no part of a preset. It stays zero, on a grid of one vector, so that a preset suits every size.
"""

from tvnet_keras.presets.preset import ANY, Preset, load, name_of, names, save

__all__ = ["ANY", "Preset", "load", "name_of", "names", "save"]
