"""What tables of Hidden Two-Stream are made from."""
