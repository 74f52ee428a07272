"""PyTorch's weights of residual networks, read, renamed and put into ours."""
