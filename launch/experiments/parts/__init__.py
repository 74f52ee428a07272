"""What several experiments are made from."""
