"""Weights from elsewhere: found by their layers' names, checked, read from files, runs and other frameworks."""
