"""What tables of TVNet are made from."""
