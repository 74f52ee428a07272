"""Differentiable pieces of TV-L1 optical flow, written once with `keras.ops`.

`intensity` (grey, smoothing), `gradients` (central, forward, divergence), `warp`, `pyramid` (align-corners resizing),
`tvl1` (threshold step, dual step, energy and their adjoint), `solver` (the compiled loop over iterations).
"""
