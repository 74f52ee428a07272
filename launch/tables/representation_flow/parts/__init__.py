"""What tables of Representation Flow are made from."""
