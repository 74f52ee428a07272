"""TV-L1's iterations compiled by numba for CPUs, with their adjoint; the same numbers as the portable ones."""
