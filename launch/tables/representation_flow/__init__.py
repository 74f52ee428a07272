"""The tables of Representation Flow (Piergiovanni and Ryoo, CVPR 2019)."""
