"""What the formats of MATLAB are made from."""
