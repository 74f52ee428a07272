"""PyTorch's weights of residual and image networks, read, renamed and put into ours."""
