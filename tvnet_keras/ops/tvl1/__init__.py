"""TV-L1 optical flow of grey images.

* `formulae`: the steps of one iteration, on `[N, H, W]` fields.
* `adjoint`: the gradient of one iteration, derived by hand.
* `portable`: the loop over iterations in backend operations, forward and backward.
* `frames`, `level`: smoothed grey pairs, and one pyramid level with its warps, in backend operations.
* `solver`: the steps above or their native forms (`ops.native`); the choice is made here alone.
* `variants`: what the variants of TVNet do around the iterations.
* `released`: what the released TVNet computes otherwise.
"""
