"""The tables of TVNet (Fan et al., CVPR 2018)."""
