"""Optical flow as files and pictures.

* `io`: Middlebury's .flo files;
* `colour`: the Middlebury colour wheel;
* `picture`: flow beside its frames, contact sheets, videos.
"""

from tvnet_keras.flow.colour import colour_wheel, flow_to_colour
from tvnet_keras.flow.io import known_vectors, read_flo, write_flo
from tvnet_keras.flow.picture import beside, contact_sheet, write_video

__all__ = [
    "beside",
    "colour_wheel",
    "contact_sheet",
    "flow_to_colour",
    "known_vectors",
    "read_flo",
    "write_flo",
    "write_video",
]
