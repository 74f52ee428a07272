"""Keras layers, one class per file, and what several of them share.

* Motion layers (`motion_layer` is their contract): `tvnet`, `representation_flow`, `flow_of_flow`.
* From motion to a classifier: `flow_image`, `sliding_windows`, `per_step`.
* Blocks of networks: `conv2plus1d`, `non_local`.
* Clips as a model takes them: `unit_range`, `fit_clip`.
* Shared: `arguments` (checks), `solver_constants` (tau, lambda, theta), `stored_by_name`, `batch_norm`.

A layer

* is registered in the package "tvnet_keras" and has a constructor of its own, `__init__(self, ..., **kwargs)`, whose
  arguments `get_config` gives back;
* says the shape of its output for sizes that are unknown (`compute_output_shape` with None);
* computes flow and everything that enters a solver in float32 under every policy: `super().__init__(**{"dtype":
  "float32", **kwargs})`;
* has a docstring with the headings "Args" (the constructor's, in order), "Call arguments", "Input shape", "Output
  shape" and "Example", which runs.

`tests/layers/test_every_layer.py` holds every layer of this folder to that.
"""
