"""One experiment per file: `config(method) -> launch.config.Config`. Adding a file adds `--experiment=<its name>`."""
