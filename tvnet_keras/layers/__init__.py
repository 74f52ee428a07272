"""Keras layers, one class per file, and what several of them share.

* Motion layers (`motion_layer` is their contract): `tvnet`, `representation_flow`, `flow_of_flow`.
* From motion to a classifier: `flow_image`, `sliding_windows`, `per_step`.
* Blocks of networks: `conv2plus1d`, `non_local`.
* Clips as a model takes them: `unit_range`, `fit_clip`.
* Shared: `arguments` (checks), `solver_constants` (tau, lambda, theta), `stored_by_name`, `batch_norm`.
"""
