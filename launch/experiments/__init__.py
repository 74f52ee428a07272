"""One experiment per file: `config(method) -> launch.run.config.Config`; a new file is a new `--experiment=<name>`."""
