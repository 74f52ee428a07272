"""What tables are made from."""
