"""Experiments, one per file; adding a file adds `--experiment=<its name>`.

A module has

`config(method) -> launch.run.config.Config`
    The configuration of the experiment for a module of `models`. What it sets for some methods only is written as data:
    `model_if_known` of `launch.run.config.new_config` for options that several methods have, a dictionary `OPTIONS` by
    method for those of one. It does not branch on the method.

Its docstring says what the paper reports, the command, and what to expect. Beside the experiments lies `parts`, what
several of them are made from.
"""
