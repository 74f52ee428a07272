"""What formats of exported models are made from."""
