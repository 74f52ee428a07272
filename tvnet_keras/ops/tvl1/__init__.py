"""TV-L1 optical flow of grey images: its formulae, their adjoint, and the loop over iterations, scales and warps."""
