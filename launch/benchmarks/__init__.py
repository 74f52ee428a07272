"""Benchmarks, one suite per file: `run(data_dir) -> {"protocol": {...}, "rows": [...]}`.

Adding a file adds `--suite=<its name>`. Speed is measured here, never asserted in a test.
"""
