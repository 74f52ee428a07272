"""What several encoders are made of."""
