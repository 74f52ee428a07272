"""Caffe's weights of the released Hidden Two-Stream networks, read, renamed and put into ours."""
