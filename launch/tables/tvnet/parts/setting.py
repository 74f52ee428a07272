"""What the rows of Tables 3 and 4 share, in words, for the page."""

SETTING = """
Every row: one image network (EfficientNet-Lite0, 4.7 million weights, from ImageNet; the paper: BN-Inception), the
first convolution of a temporal stream averaged over RGB and repeated; 112 x 112 corner crops of videos of 128 pixels'
short side, flips; batch 16, Adam 0.001 with cosine decay, 50 steps of warm-up, 600 steps (JHMDB 300), dropout 0.5;
tested on three clips of every video, centre crop. Temporal streams see the same three windows of five pairs of every
video, stacked to 10 channels, clipped at 5 pixels, whether the flow is stored (8 bits, PNG) or computed in the
network (one scale, one warp, 50 iterations). `photometric` is the residual of the flow of the test clips in grey
levels, `untrained` that of the same network before training, `kernels moved` the mean absolute change of the kernels,
which start as -1, 1. The row `tvl1` is OpenCV's TV-L1 with five scales, five warps and ten iterations; the paper's
has up to 50.
"""
