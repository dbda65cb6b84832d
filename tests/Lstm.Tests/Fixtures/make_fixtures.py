"""Writes the reference tensors of this folder: what PyTorch computes for small, fixed inputs.

    sudo apt-get install python3-torch python3-numpy     # Debian 12: PyTorch 1.13.1
    /usr/bin/python3 tests/Lstm.Tests/Fixtures/make_fixtures.py

Every case is written twice, computed in float64 (`<case>.f64.safetensors`) and in float32 (`<case>.f32.safetensors`),
from the same random numbers, so a run with the same PyTorch writes the same bytes.

Tensor names:
    w.<parameter>   parameters, with PyTorch's names            in.*    inputs, targets, lengths, initial states
    ct.<output>     cotangents: loss = sum of ct.* * out.*      out.*   results
    grad.<name>     gradient of the loss by w.<name> or in.<name>
    loss            the loss
`__metadata__` holds `case`, `dtype`, `torch` and `config`, the case's settings as JSON.

Sequences are [T, B, width]; states are [layers * directions, B, H], forward before reverse within a layer. Both lack B in an
unbatched case.
In a ragged case the padding of in.x and ct.output holds numbers too: no result may depend on them.
An optimizer's two parameters p0 and p1 take ten steps on given gradients: in.grad0.step1 to out.p0.step10.
`lstm_dense` is a module's state dictionary, with the module's own names; `lstm_dense.io` has its input and output.
"""
import json
import struct
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FOLDER = Path(__file__).parent
FORMATS = {numpy.dtype("float64"): "F64", numpy.dtype("float32"): "F32", numpy.dtype("int64"): "I64"}


class Case:
    """One fixture in one precision: collects tensors, then writes the file."""

    def __init__(self, name, seed, dtype, config):
        self.name, self.dtype, self.config = name, dtype, config
        self.random = numpy.random.RandomState(seed)
        self.tensors = {}

    def normal(self, *shape, scale=1.0):
        return torch.tensor(self.random.normal(0, scale, shape), dtype=self.dtype)

    def add(self, name, tensor):
        self.tensors[name] = tensor.detach().clone()
        return tensor

    def input(self, name, tensor, gradient=False):
        return self.add("in." + name, tensor).requires_grad_(gradient)

    def write(self, **metadata):
        suffix = {torch.float64: "f64", torch.float32: "f32"}[self.dtype]
        header, data = {}, b""
        metadata.update(case=self.name, dtype=suffix, torch=torch.__version__, config=json.dumps(self.config))
        header["__metadata__"] = metadata
        for name, tensor in sorted(self.tensors.items()):
            array = tensor.contiguous().numpy()
            header[name] = {"dtype": FORMATS[array.dtype], "shape": list(array.shape),
                            "data_offsets": [len(data), len(data) + array.nbytes]}
            data += array.tobytes()
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # the data starts at a multiple of eight bytes
        path = FOLDER / f"{self.name}.{suffix}.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def set_parameters(case, module, prefix=""):
    for name, parameter in module.named_parameters():
        parameter.data = case.normal(*parameter.shape, scale=0.4)
        case.add(prefix + name, parameter)


def lstm(name, seed, dtype, I, H, T, B, layers=1, bidirectional=False, bias=True, state=False, lengths=None,
         **options):
    case = Case(name, seed, dtype, {
        "input_size": I, "hidden_size": H, "num_layers": layers, "bidirectional": bidirectional, "bias": bias,
        "initial_state": state, "lengths": lengths, **options})
    module = nn.LSTM(I, H, layers, bidirectional=bidirectional, bias=bias, **options).to(dtype)
    set_parameters(case, module, "w.")
    directions = 2 if bidirectional else 1

    batch = () if B is None else (B,)
    leaves = {"x": case.input("x", case.normal(T, *batch, I), gradient=True)}
    initial = None
    if state:
        for s in ("h0", "c0"):
            leaves[s] = case.input(s, case.normal(layers * directions, *batch, H), gradient=True)
        initial = leaves["h0"], leaves["c0"]

    if lengths is None:
        output, (hn, cn) = module(leaves["x"], initial)
    else:
        case.input("lengths", torch.tensor(lengths))
        packed = pack_padded_sequence(leaves["x"], lengths, enforce_sorted=False)
        output, (hn, cn) = module(packed, initial)
        output, _ = pad_packed_sequence(output, total_length=T)

    loss = 0
    for key, result in (("output", output), ("hn", hn), ("cn", cn)):
        case.add("out." + key, result)
        loss = loss + (result * case.add("ct." + key, case.normal(*result.shape))).sum()
    loss.backward()
    case.add("loss", loss)
    for key, leaf in list(module.named_parameters()) + list(leaves.items()):
        case.add("grad." + key, leaf.grad)
    case.write()


def lstm_dense(name, seed, dtype):
    config = {"input_size": 3, "hidden_size": 6, "num_layers": 2, "out_features": 2}
    module = nn.ModuleDict({"lstm": nn.LSTM(3, 6, 2), "dense": nn.Linear(6, 2)}).to(dtype)
    weights = Case(name, seed, dtype, config)
    set_parameters(weights, module)
    weights.write(format="pt")

    io = Case(name + ".io", seed + 1, dtype, config)
    hidden, _ = module["lstm"](io.input("x", io.normal(7, 4, 3)))
    io.add("out.output", module["dense"](hidden))
    io.write()


def loss(name, seed, dtype, function, shape=(4, 6), x="x", **config):
    case = Case(name, seed, dtype, {"reduction": "mean", **config})
    leaf = case.input(x, case.normal(*shape, scale=2.0), gradient=True)
    value = function(case, leaf)
    value.backward()
    case.add("loss", value)
    case.add("grad." + x, leaf.grad)
    case.write()


def regression(function):
    return lambda case, x: function(x, case.input("target", case.normal(*x.shape)))


def cross_entropy(ignore=None, smoothing=0.0, weighted=False):
    def function(case, logits):
        targets = torch.tensor(case.random.randint(0, logits.shape[1], logits.shape[0]))
        if ignore is not None:
            targets[[1, 4]] = ignore
        weight = case.input("weight", case.normal(logits.shape[1]).exp()) if weighted else None
        return functional.cross_entropy(logits, case.input("targets", targets), weight, label_smoothing=smoothing,
                                        ignore_index=-100 if ignore is None else ignore)
    return function


def bce_with_logits(weighted):
    def function(case, x):
        target = case.input("target", torch.tensor(case.random.randint(0, 2, x.shape), dtype=case.dtype))
        weight = case.input("pos_weight", case.normal(x.shape[1]).exp()) if weighted else None
        return functional.binary_cross_entropy_with_logits(x, target, pos_weight=weight)
    return function


def optimizer(name, seed, dtype, kind, **config):
    case = Case(name, seed, dtype, {"optimizer": kind.__name__, "steps": 10, **config})
    parameters = [case.input(f"p{k}", case.normal(*shape), gradient=True) for k, shape in enumerate([(3, 4), (5,)])]
    update = kind(parameters, **config)
    for step in range(1, 11):
        for k, parameter in enumerate(parameters):
            parameter.grad = case.input(f"grad{k}.step{step}", case.normal(*parameter.shape))
        update.step()
        for k, parameter in enumerate(parameters):
            case.add(f"out.p{k}.step{step}", parameter)
    case.write()


def main():
    torch.set_num_threads(1)
    optim = torch.optim
    for dtype in (torch.float64, torch.float32):
        lstm("lstm_1layer", 1, dtype, I=4, H=8, T=6, B=3)
        lstm("lstm_2layers", 2, dtype, I=3, H=5, T=6, B=2, layers=2)
        lstm("lstm_2layers_bidirectional", 3, dtype, I=3, H=5, T=5, B=3, layers=2, bidirectional=True)
        lstm("lstm_ragged_state", 4, dtype, I=3, H=5, T=6, B=5, layers=2, state=True, lengths=[3, 6, 1, 5, 6])
        lstm("lstm_ragged_bidirectional_state", 5, dtype, I=3, H=4, T=5, B=4, layers=2, bidirectional=True, state=True,
             lengths=[2, 1, 5, 4])
        lstm("lstm_no_bias", 6, dtype, I=4, H=6, T=5, B=2, layers=2, bias=False)
        lstm("lstm_odd_sizes", 7, dtype, I=13, H=17, T=4, B=5, state=True)
        lstm("lstm_unbatched", 8, dtype, I=3, H=4, T=5, B=None, layers=2, bidirectional=True, state=True, batch_first=True)
        lstm_dense("lstm_dense", 10, dtype)

        loss("loss_mse", 20, dtype, regression(functional.mse_loss), loss="mse")
        loss("loss_l1", 21, dtype, regression(functional.l1_loss), loss="l1")
        loss("loss_huber", 22, dtype, regression(lambda x, y: functional.huber_loss(x, y, delta=0.7)),
             loss="huber", delta=0.7)
        classes = dict(shape=(6, 5), x="logits", loss="cross_entropy")
        loss("loss_cross_entropy", 23, dtype, cross_entropy(), **classes)
        loss("loss_cross_entropy_ignore", 24, dtype, cross_entropy(ignore=2), **classes, ignore_index=2)
        loss("loss_cross_entropy_smoothing", 25, dtype, cross_entropy(smoothing=0.1), **classes, label_smoothing=0.1)
        loss("loss_cross_entropy_weighted", 26, dtype, cross_entropy(weighted=True), **classes)
        loss("loss_cross_entropy_all", 27, dtype, cross_entropy(ignore=-100, smoothing=0.1, weighted=True), **classes,
             ignore_index=-100, label_smoothing=0.1)
        loss("loss_bce_with_logits", 28, dtype, bce_with_logits(weighted=False), loss="bce_with_logits")
        loss("loss_bce_with_logits_pos_weight", 29, dtype, bce_with_logits(weighted=True), loss="bce_with_logits")

        optimizer("optimizer_sgd", 40, dtype, optim.SGD, lr=0.1)
        optimizer("optimizer_sgd_momentum", 41, dtype, optim.SGD, lr=0.1, momentum=0.9)
        optimizer("optimizer_sgd_nesterov", 42, dtype, optim.SGD, lr=0.1, momentum=0.9, nesterov=True)
        optimizer("optimizer_sgd_weight_decay", 43, dtype, optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.05)
        optimizer("optimizer_adam", 44, dtype, optim.Adam, lr=0.01, betas=(0.9, 0.999), eps=1e-8)
        optimizer("optimizer_adam_weight_decay", 45, dtype, optim.Adam, lr=0.02, betas=(0.8, 0.95), eps=1e-3,
                  weight_decay=0.1)
        optimizer("optimizer_adamw", 46, dtype, optim.AdamW, lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
        optimizer("optimizer_rmsprop", 47, dtype, optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8)
        optimizer("optimizer_rmsprop_momentum", 48, dtype, optim.RMSprop, lr=0.01, alpha=0.9, eps=1e-6, momentum=0.9,
                  weight_decay=0.1)
        optimizer("optimizer_rmsprop_centered", 49, dtype, optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8, momentum=0.9,
                  centered=True)


if __name__ == "__main__":
    main()
