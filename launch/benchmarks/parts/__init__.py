"""What benchmarks are made from."""
