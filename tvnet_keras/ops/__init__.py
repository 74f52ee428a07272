"""The mathematics of the library: pure functions of tensors, written once with `keras.ops` for every backend.

Three wings:

* `tvl1`: TV-L1 optical flow, its formulae, their adjoint, the loops, and the variants of TVNet.
* `representation`: what Representation Flow needs beside it.
* `native`: the same steps as kernels for CPUs, compiled by numba. Only `tvl1.solver` decides where they run.

Images and flow:

* `intensity`: frames in 0..255, grey, smoothed.
* `local_normalisation`: brightness normalised per pixel, across channels.
* `borders`: replicated borders, and masks that leave borders out.
* `gradients`: central and forward differences, divergence.
* `warp`: bilinear samples at displaced positions.
* `median`: the median filter of fields, with its gradient.
* `resize`: resizing of images and flow, with a table of every resize of the library.
* `pyramid`: number and sizes of pyramid levels.
* `frame_pairs`: pairs of neighbouring frames.
* `empty_batch`: batches without a clip.
* `precision`: no type narrower than float32.

How functions are executed:

* `compilation`: functions compiled by the backend.
* `differentiable`: compiled functions with a gradient.
* `tracing`: where the graph that is being traced will run; `local_graphs`.
* `value_check`: a warning for clips of another value range.
"""
