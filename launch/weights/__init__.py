"""Weights from elsewhere: found by the names of layers, checked, read from files, runs and other frameworks."""
