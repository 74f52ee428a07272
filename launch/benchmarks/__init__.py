"""Benchmarks, one suite per file; adding a file adds `--suite=<its name>`.

A module has

`run(data_dir) -> {"protocol": {...}, "rows": [...], "notes": [...]}`
    The measurement; a suite without notes leaves them out. Neighbouring rows with the same keys are printed as one
    table, and every note as a line below. Further parameters are flags of `launch.benchmark`.

Speed is measured here, never asserted in a test. Beside the suites lies `parts`, what they are made from.
"""
