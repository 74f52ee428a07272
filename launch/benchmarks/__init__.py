"""Benchmarks, one suite per file: `run(data_dir) -> {"protocol": {...}, "rows": [...]}`, and `"notes"` if it has some.

Neighbouring rows with the same keys are printed as one table, and every note as a line below.
Adding a file adds `--suite=<its name>`. Speed is measured here, never asserted in a test.
"""
