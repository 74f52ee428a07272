"""What solvers are made from."""
