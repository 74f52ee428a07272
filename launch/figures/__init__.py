"""The figures of the documentation, one per file; adding a file adds `--figure=<its name>`.

A module has `draw(*, ...) -> picture`, uint8 `[H, W, 3]`; its keyword-only arguments, all strings, are what
`--input=NAME=VALUE` gives, and those without a default must be given.
"""
