"""What Representation Flow needs beside TV-L1.

* `variants`: the variants of the layer, with the scaling of their features.
* `released`: what is particular to the two released versions.
* `sobel`: image gradients by trainable 3 x 3 kernels.
* `differentiable_loop`: a loop whose gradient the backend derives, for variants without an adjoint of their own.
"""
