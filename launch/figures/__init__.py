"""The figures of the documentation, one per file; adding a file adds `--figure=<its name>`.

A module has

`draw(*, ...) -> picture`
    The figure, uint8 `[H, W, 3]`. The keyword-only arguments, all of them strings, are the inputs that
    `--input=NAME=VALUE` gives; those without a default must be given. The module's docstring says what they are.

Beside the figures lies `parts`, what they are made from.
"""
