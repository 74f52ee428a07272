"""Benchmarks, one suite per file; adding a file adds `--suite=<its name>`.

A module has

`run(...) -> {"protocol": {...}, "rows": [...], "notes": [...]}`
    The measurement; a suite without notes leaves them out. Neighbouring rows with the same keys are printed as one
    table, and every note as a line below; what else is in the dictionary is only written. The parameters are flags of
    `launch.benchmark`, such as `data_dir`; keyword-only ones, all of them strings, are what
    `--input=NAME=FOLDER` gives.

Speed is measured here, never asserted in a test. Beside the suites lies `parts`, what they are made from.
"""
