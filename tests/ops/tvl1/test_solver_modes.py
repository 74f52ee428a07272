"""Where each mode of the solver is used: "auto" is native where safe, and never in a graph that may be exported."""

import collections
import subprocess
import sys
import types
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.ops.native import mode
from tvnet_keras.ops.tracing import local_graphs
from tvnet_keras.ops.tvl1 import portable

CLIP = np.random.default_rng(0).random((2, 3, 16, 20, 3), dtype="float32")
PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def network(mode="auto"):
    layer = TVNet(iterations=3, mode=mode)
    clip = keras.Input(CLIP.shape[1:])
    return keras.Model(clip, keras.layers.GlobalAveragePooling3D()(layer(clip)))


def kinds_of(function):
    """How many operations of every type a concrete function has, with those of the functions it calls."""
    definition = function.graph.as_graph_def()
    nodes = list(definition.node) + [node for part in definition.library.function for node in part.node_def]
    return collections.Counter(node.op for node in nodes)


def kinds_of_batches(call):
    """`kinds_of` a plain `tf.function` of `call` for batches of any size."""
    return kinds_of(tf.function(call).get_concrete_function(tf.TensorSpec((None, *CLIP.shape[1:]))))


def ops_of(function):
    """The operation types of a concrete function, with those of the functions it calls."""
    return set(kinds_of(function))


def compiled_by_xla(function):
    """Whether a concrete function calls one that XLA compiles."""
    library = function.graph.as_graph_def().library.function
    return any(part.attr["_XlaMustCompile"].b for part in library)


def python_ops_of(call):
    """Python operations in a plain `tf.function` of `call`."""
    return ops_of(tf.function(call).get_concrete_function(tf.TensorSpec(CLIP.shape))) & PYTHON_OPS


@pytest.fixture
def needs_numba():
    pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")


@pytest.fixture
def native_calls(monkeypatch, needs_numba):
    """Counts the calls of the native kernels."""
    from tvnet_keras.ops.native import level

    calls = []
    genuine = level.solve_warps
    monkeypatch.setattr(level, "solve_warps", lambda *arrays, **named: calls.append(1) or genuine(*arrays, **named))
    return calls


def test_modes_give_the_same_flow(needs_numba):
    portable, native = TVNet(iterations=10, mode="portable")(CLIP), TVNet(iterations=10, mode="native")(CLIP)
    np.testing.assert_allclose(portable, native, atol=1e-5)


def test_auto_is_native_in_eager_execution(native_calls):
    TVNet(iterations=2)(CLIP)
    assert native_calls


def test_auto_is_native_in_fit_and_predict(native_calls):
    model = network()
    model.compile("sgd", "mse")
    model.fit(CLIP, np.zeros((2, 2)), verbose=0)
    assert native_calls
    native_calls.clear()
    model.predict(CLIP, verbose=0)
    assert native_calls


def test_auto_is_native_in_a_data_set(native_calls):
    layer = TVNet(iterations=2)
    layer.build(CLIP.shape)
    flows = tf.data.Dataset.from_tensors(CLIP).map(layer)
    assert flows.element_spec.shape == (2, 2, 16, 20, 2)
    next(iter(flows))
    assert native_calls


def test_auto_is_native_where_the_caller_says_the_graph_stays_here(needs_numba):
    model = network()
    with local_graphs():
        assert python_ops_of(model)
    assert not python_ops_of(model)


@pytest.mark.slow
def test_auto_is_portable_under_xla(needs_numba):
    layer = TVNet(iterations=2)
    flow = layer(CLIP)
    with local_graphs():
        compiled = tf.function(tf.function(layer), jit_compile=True)(CLIP)
    np.testing.assert_allclose(compiled, flow, atol=1e-5)
    model = network()
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(CLIP, np.zeros((2, 2)), verbose=0)


def test_auto_works_under_a_strategy_and_local_graphs(native_calls):
    devices = tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    with strategy.scope():
        layer = TVNet(iterations=2)
        layer.build(CLIP.shape)
    with local_graphs():
        tf.function(lambda: strategy.run(layer, args=(CLIP,)))()
    assert native_calls


def test_a_users_own_function_and_its_saved_model_are_portable(tmp_path):
    module = tf.Module()
    module.network = network()
    module.call = tf.function(module.network, input_signature=[tf.TensorSpec((None, *CLIP.shape[1:]))])
    tf.saved_model.save(module, tmp_path)
    for function in tf.saved_model.load(tmp_path).signatures.values():
        assert not ops_of(function) & PYTHON_OPS
    assert not python_ops_of(module.network)


@pytest.fixture
def machine(monkeypatch):
    """Makes this a machine with a CPU alone or with a GPU, to which every image is large and no graph is known yet."""

    def become(on_a_cpu):
        monkeypatch.setattr(portable, "compiles_for_cpu", lambda: on_a_cpu)
        portable._differentiable.cache_clear()

    monkeypatch.setattr(portable, "LARGE_IMAGE", 1)
    yield become
    portable._differentiable.cache_clear()


@pytest.mark.parametrize("export", [False, True], ids=["function", "export"])
def test_a_graph_that_may_leave_is_the_same_whatever_machine_wrote_it(machine, tmp_path, export):
    def written(on_a_cpu):
        machine(on_a_cpu)
        model = network("portable")
        with local_graphs():
            kinds_of_batches(model)  # Graphs for this machine, which must not be found again.
        if not export:
            return kinds_of_batches(model)
        with local_graphs():
            model.export(tmp_path / str(on_a_cpu), verbose=False)
        return kinds_of(tf.saved_model.load(tmp_path / str(on_a_cpu)).signatures["serving_default"])

    assert written(on_a_cpu=True) == written(on_a_cpu=False)


def test_a_graph_that_stays_suits_its_machine(machine):
    loops = {}
    for on_a_cpu in (True, False):
        machine(on_a_cpu)
        with local_graphs():
            loops[on_a_cpu] = kinds_of_batches(network("portable"))["StatelessWhile"]
    assert loops[True] > loops[False]


@pytest.mark.parametrize("variant", ["default", pytest.param("official", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sizes", [CLIP.shape[2:4], (None, None)], ids=["known", "unknown"])
def test_xla_compiles_what_stays_and_nothing_that_is_exported(variant, sizes, tmp_path):
    layer = TVNet(iterations=2, mode="portable", variant=variant, u0_size=(4, 5))
    clip = keras.Input((None, *sizes, 3))
    model = keras.Model(clip, layer(clip))
    expected = layer(CLIP)
    with local_graphs():
        local = tf.function(model).get_concrete_function(tf.TensorSpec((None, None, *sizes, 3)))
        model.export(tmp_path, verbose=False)
    # XLA would keep its code for every size that a graph of unknown ones ever meets.
    assert compiled_by_xla(local) == (None not in sizes)
    exported = tf.saved_model.load(tmp_path)
    signature = exported.signatures["serving_default"]
    assert not compiled_by_xla(signature) and "PartitionedCall" not in ops_of(signature)
    np.testing.assert_allclose(exported.serve(CLIP), expected, atol=1e-5)


@pytest.mark.slow
def test_a_loaded_export_has_the_gradient_of_the_layer(tmp_path):
    layer = TVNet(iterations=3, mode="portable")
    layer.build(CLIP.shape)
    clip = keras.Input(CLIP.shape[1:])
    keras.Model(clip, layer(clip)).export(tmp_path, verbose=False)
    exported = tf.saved_model.load(tmp_path)

    def gradient(flow):
        frames = tf.constant(CLIP)
        with tf.GradientTape() as tape:
            tape.watch(frames)
            total = tf.reduce_sum(flow(frames) ** 2)
        return tape.gradient(total, frames)

    expected = gradient(layer)
    np.testing.assert_allclose(gradient(exported.serve), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_plain_export_of_a_used_model_runs_with_tensorflow_alone(tmp_path):
    model = network()
    model.compile("sgd", "mse")
    model.fit(CLIP, np.zeros((2, 2)), verbose=0)
    expected = model.predict(CLIP, verbose=0)
    with local_graphs():
        model.export(tmp_path / "model", verbose=False)
    np.save(tmp_path / "clip.npy", CLIP)
    program = """
import sys, numpy as np, tensorflow as tf
folder = sys.argv[1]
model = tf.saved_model.load(folder + "/model")
served = model.serve(np.load(folder + "/clip.npy"))
assert not any(name.startswith(("tvnet_keras", "numba")) for name in sys.modules)
np.save(folder + "/served.npy", served)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=tmp_path, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "served.npy"), expected, atol=1e-5)
    loaded = tf.saved_model.load(tmp_path / "model")
    assert not ops_of(loaded.signatures["serving_default"]) & PYTHON_OPS


def test_native_refuses_export_and_xla_in_one_sentence(tmp_path, needs_numba):
    model = network("native")
    with pytest.raises(InputError, match='being exported.*mode="portable"'):
        model.export(tmp_path / "model", verbose=False)
    with pytest.raises(InputError, match="XLA"):
        tf.function(model, jit_compile=True, autograph=False)(CLIP)


@pytest.fixture
def importing(monkeypatch):
    """Makes the import of the kernels raise an error."""

    def fail(error):
        def load(name):
            raise error

        monkeypatch.setattr(mode, "importlib", types.SimpleNamespace(import_module=load))
        mode._obstacle_here.cache_clear()

    yield fail
    mode._obstacle_here.cache_clear()


def test_without_numba_auto_is_portable_and_native_says_what_to_install(importing):
    importing(ModuleNotFoundError("No module named 'numba'", name="numba"))
    with warnings.catch_warnings(action="error"):
        assert TVNet(iterations=2)(CLIP).shape == (2, 2, 16, 20, 2)
    with pytest.raises(InputError, match="pip install numba"):
        TVNet(iterations=2, mode="native")(CLIP)


BROKEN = [
    ImportError("Numba needs NumPy 2.4 or less. Got NumPy 2.5."),
    AttributeError("module 'numba' has no attribute 'njit'"),
    OSError("libllvmlite.so: cannot open shared object file"),
    RuntimeError("first line\nsecond line"),
]


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_a_broken_numba_is_one_warning_and_the_portable_mode(importing, error):
    importing(error)
    with pytest.warns(RuntimeWarning, match="native solver cannot be used") as told:
        for _ in range(2):
            assert TVNet(iterations=2)(CLIP).shape == (2, 2, 16, 20, 2)
    assert len([warning for warning in told if "native solver" in str(warning.message)]) == 1
    with pytest.raises(InputError, match="pip install numba") as refusal:
        TVNet(iterations=2, mode="native")(CLIP)
    assert "second line" not in str(refusal.value)


def test_unknown_mode_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'native'"):
        TVNet(mode="nativ")


def test_mode_is_serialised():
    layer = TVNet(iterations=2, mode="portable")
    assert TVNet.from_config(layer.get_config()).mode == "portable"
