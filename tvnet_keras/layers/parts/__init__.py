"""What layers are made from."""
