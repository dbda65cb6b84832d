"""Writes the files of tests/Lstm.Keras.Tests/Fixtures: models in the layouts that Keras 2 and Keras 3 write, and their outputs.

Needs h5py and NumPy (Debian: python3-h5py). Usage: python3 make_keras_files.py FOLDER

The layouts are those of Keras's own files; the outputs are computed here by the equations of Keras's layers, in float64.
"""

import json
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np

random = np.random.default_rng(7)


def weights(*shape, scale=0.5):
    return (scale * random.standard_normal(shape)).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid_2(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def hard_sigmoid_3(x):
    return np.clip(x / 6 + 0.5, 0, 1)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def lstm(x, kernel, recurrent, bias, gate=sigmoid, backwards=False):
    """Outputs of all steps in the order in which they are read, for one sequence [T, I]."""
    units = recurrent.shape[0]
    h, c, outputs = np.zeros(units), np.zeros(units), []
    for step in x[::-1] if backwards else x:
        i, f, g, o = np.split(step @ kernel.astype(float) + h @ recurrent.astype(float) + bias, 4)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def cudnn(x, kernel, recurrent, bias):
    """The same for a CuDNNLSTM: each gate of the kernel holds a matrix of units by inputs, row by row."""
    units = recurrent.shape[0]
    inputs = kernel.shape[0]
    k = [part.reshape(-1).reshape(units, inputs).T for part in np.split(kernel, 4, axis=1)]
    r = [part.T for part in np.split(recurrent, 4, axis=1)]
    return lstm(x, np.concatenate(k, 1), np.concatenate(r, 1), bias[: 4 * units].astype(float) + bias[4 * units:])


def layer(name, inputs=None, module=True, **config):
    kind = config.pop("kind")
    entry = {"class_name": kind, "config": {"name": name, "trainable": True, **config}}
    if module:
        entry = {"module": "keras.layers", **entry, "registered_name": None, "name": name}
    if inputs is not None:
        tensors = [{"class_name": "__keras_tensor__",
                    "config": {"shape": [None], "dtype": "float32", "keras_history": [one, 0, 0]}} for one in inputs]
        entry["inbound_nodes"] = [{"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {}}] if tensors else []
    return entry


def recurrent_config(units, sequences, gate="sigmoid", **more):
    return {"kind": "LSTM", "units": units, "activation": "tanh", "recurrent_activation": gate, "use_bias": True,
            "return_sequences": sequences, "return_state": False, "go_backwards": False, "stateful": False, "unroll": False,
            "dropout": 0.0, "recurrent_dropout": 0.0, **more}


def keras3(folder):
    """A functional model with a layer normalisation and a connection around it."""
    w = {
        "lstm": [weights(3, 16), weights(4, 16), weights(16)],
        "norm": [1 + weights(4), weights(4)],
        "forward": [weights(7, 12), weights(3, 12), weights(12)],
        "backward": [weights(7, 12), weights(3, 12), weights(12)],
        "head": [weights(6, 2), weights(2)],
    }
    directions = recurrent_config(3, False, "hard_sigmoid")
    kind = directions.pop("kind")
    config = {
        "module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
        "config": {
            "name": "small", "trainable": True,
            "layers": [
                layer("features", [], kind="InputLayer", batch_shape=[None, 5, 3], dtype="float32"),
                layer("lstm_a", ["features"], **recurrent_config(4, True)),
                layer("norm", ["lstm_a"], kind="LayerNormalization", axis=[2], epsilon=0.001, center=True, scale=True),
                layer("drop", ["norm"], kind="Dropout", rate=0.25),
                layer("joined", ["drop", "features"], kind="Concatenate", axis=-1),
                layer("both", ["joined"], kind="Bidirectional", merge_mode="concat", layer={
                    "class_name": kind, "config": {"name": "forward_lstm", **directions}}, backward_layer={
                    "class_name": kind, "config": {"name": "backward_lstm", **directions, "go_backwards": True}}),
                layer("head", ["both"], kind="Dense", units=2, activation="softmax", use_bias=True),
            ],
            "input_layers": ["features", 0, 0], "output_layers": ["head", 0, 0],
        },
    }
    x = random.standard_normal((2, 5, 3)).astype(np.float32)
    outputs = []
    for sequence in x.astype(float):
        a = lstm(sequence, *w["lstm"])
        mean, variance = a.mean(-1, keepdims=True), a.var(-1, keepdims=True)
        n = (a - mean) / np.sqrt(variance + 0.001) * w["norm"][0] + w["norm"][1]
        joined = np.concatenate([n, sequence], 1)
        last = [lstm(joined, *w["forward"], gate=hard_sigmoid_3)[-1],
                lstm(joined, *w["backward"], gate=hard_sigmoid_3, backwards=True)[-1]]
        outputs.append(softmax(np.concatenate(last) @ w["head"][0] + w["head"][1]))

    by_class = {
        "layers/lstm/cell": w["lstm"], "layers/layer_normalization": w["norm"],
        "layers/bidirectional/forward_layer/cell": w["forward"], "layers/bidirectional/backward_layer/cell": w["backward"],
        "layers/dense": w["head"], "layers/dropout": [], "layers/input_layer": [], "layers/concatenate": [],
    }

    def write_objects(file):
        for path, tensors in by_class.items():
            group = file.create_group(path + "/vars")
            for i, tensor in enumerate(tensors):
                group.create_dataset(str(i), data=tensor)
        file.create_group("layers/dropout/seed_generator/vars").create_dataset("0", data=np.array([1, 2], np.uint32))

    objects = BytesIO()
    with h5py.File(objects, "w") as file:
        write_objects(file)
    (folder / "small.weights.h5").write_bytes(objects.getvalue())
    (folder / "small.config.json").write_text(json.dumps(config))
    with zipfile.ZipFile(folder / "small.keras", "w") as archive:
        for name, content in (("metadata.json", json.dumps({"keras_version": "3.16.0"})), ("config.json", json.dumps(config)),
                              ("model.weights.h5", objects.getvalue())):
            archive.writestr(zipfile.ZipInfo(name), content)
    with h5py.File(folder / "small.h5", "w") as file:
        file.attrs["keras_version"] = "3.16.0"
        file.attrs["backend"] = "numpy"
        file.attrs["model_config"] = json.dumps(config)
        named(file.create_group("model_weights"), {
            "features": [], "lstm_a": cell("lstm_a/lstm_cell", w["lstm"]),
            "norm": [("norm/gamma", w["norm"][0]), ("norm/beta", w["norm"][1])], "drop": [], "joined": [],
            "both": cell("both/forward_lstm/lstm_cell", w["forward"]) + cell("both/backward_lstm/lstm_cell", w["backward"]),
            "head": [("head/kernel", w["head"][0]), ("head/bias", w["head"][1])]}, "3.16.0")
    return {"input": x.tolist(), "output": np.array(outputs).tolist()}


def cell(prefix, tensors, end=""):
    return [(f"{prefix}/{name}{end}", tensor) for name, tensor in zip(("kernel", "recurrent_kernel", "bias"), tensors)]


def named(group, layers, version, fixed=False):
    def texts(names):
        return np.array([name.encode() for name in names]) if fixed else np.array(names, dtype=h5py.string_dtype())

    group.attrs["layer_names"] = texts(list(layers))
    group.attrs["backend"] = "numpy"
    group.attrs["keras_version"] = version
    for name, tensors in layers.items():
        own = group.create_group(name)
        own.attrs["weight_names"] = texts([tensor for tensor, _ in tensors]) if tensors else np.zeros(0)
        for tensor, values in tensors:
            own.create_dataset(tensor, data=values)


def keras2(folder):
    """A chain with a mask, hard sigmoids of Keras 2, a sum of directions, a layer that goes backwards, and a repetition."""
    w = {
        "embedding": [weights(7, 3)],
        "forward": [weights(3, 16), weights(4, 16), weights(16)],
        "backward": [weights(3, 16), weights(4, 16), weights(16)],
        "back": [weights(4, 12), weights(3, 12), weights(12)],
        "cudnn": [weights(3, 8), weights(2, 8), weights(16)],
        "steps": [weights(2, 2), weights(2)],
    }

    def plain(name, **config):
        return layer(name, None, module=False, **config)

    inner = recurrent_config(4, True, "hard_sigmoid")
    inner.pop("kind")
    config = {"class_name": "Sequential", "config": [
        plain("embedding_1", kind="Embedding", input_dim=7, output_dim=3, mask_zero=True, input_length=6,
              batch_input_shape=[None, 6]),
        plain("bidirectional_1", kind="Bidirectional", merge_mode="sum",
              layer={"class_name": "LSTM", "config": {"name": "lstm_1", **inner}}),
        plain("lstm_2", **recurrent_config(3, False, "hard_sigmoid", go_backwards=True)),
        plain("repeat_vector_1", kind="RepeatVector", n=2),
        plain("cu_dnnlstm_1", kind="CuDNNLSTM", units=2, return_sequences=True, return_state=False, go_backwards=False,
              stateful=False),
        plain("time_distributed_1", kind="TimeDistributed",
              layer={"class_name": "Dense", "config": {"name": "dense_1", "units": 2, "activation": "sigmoid",
                                                       "use_bias": True}}),
    ]}
    ids = [[1, 2, 3, 0, 0, 0], [6, 5, 4, 3, 2, 1]]
    outputs = []
    for sequence in ids:
        x = w["embedding"][0][[one for one in sequence if one != 0]].astype(float)
        both = lstm(x, *w["forward"], gate=hard_sigmoid_2) + lstm(x, *w["backward"], gate=hard_sigmoid_2, backwards=True)[::-1]
        last = lstm(both, *w["back"], gate=hard_sigmoid_2, backwards=True)[-1]
        steps = cudnn(np.array([last, last]), *w["cudnn"])
        outputs.append(sigmoid(steps @ w["steps"][0] + w["steps"][1]))
    with h5py.File(folder / "keras2_small.h5", "w") as file:
        file.attrs["keras_version"] = np.bytes_("2.2.4")
        file.attrs["backend"] = np.bytes_("tensorflow")
        file.attrs["model_config"] = np.bytes_(json.dumps(config))
        named(file.create_group("model_weights"), {
            "embedding_1": [("embedding_1/embeddings:0", w["embedding"][0])],
            "bidirectional_1": cell("bidirectional_1/forward_lstm_1", w["forward"], ":0")
            + cell("bidirectional_1/backward_lstm_1", w["backward"], ":0"),
            "lstm_2": cell("lstm_2", w["back"], ":0"), "repeat_vector_1": [],
            "cu_dnnlstm_1": cell("cu_dnnlstm_1", w["cudnn"], ":0"),
            "time_distributed_1": [("time_distributed_1/kernel:0", w["steps"][0]), ("time_distributed_1/bias:0", w["steps"][1])],
        }, "2.2.4", fixed=True)
    return {"ids": ids, "output": np.array(outputs).tolist()}


def main():
    folder = Path(sys.argv[1])
    expected = {"keras3": keras3(folder), "keras2": keras2(folder)}
    (folder / "expected.json").write_text(json.dumps(expected))


main()
