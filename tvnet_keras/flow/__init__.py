"""Optical flow: files, pictures, measures, data sets of pairs and solvers.

* `io`: Middlebury's .flo files and KITTI's PNG;
* `colour`: the colours of the Middlebury wheel;
* `picture`: flow beside its frames, contact sheets, videos;
* `measure`: end-point errors and photometric residual;
* `augment`: views of frames with their flow, by way of `sampling`; `sources` and `pipeline`: tf.data batches of them;
* `store`: flow of whole lists of videos, in the 8 bits of `codec`, composed over several steps by `between`;
* `solvers`: TVNet, classical methods and exported models by name;
* `pairs`: data sets of image pairs, and pairs of one's own files.
"""

from tvnet_keras.flow.colour import colour_wheel, flow_to_colour
from tvnet_keras.flow.io import known_vectors, read_flo, read_kitti, write_flo, write_kitti
from tvnet_keras.flow.picture import beside, contact_sheet, write_video
from tvnet_keras.flow.store import FlowFormat, StoredFlow, write_flow

__all__ = [
    "FlowFormat",
    "StoredFlow",
    "beside",
    "colour_wheel",
    "contact_sheet",
    "flow_to_colour",
    "known_vectors",
    "read_flo",
    "read_kitti",
    "write_flo",
    "write_flow",
    "write_kitti",
    "write_video",
]
