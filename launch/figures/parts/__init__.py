"""What figures are made from."""
