"""What data sets of image pairs are made from."""
