"""Writes ONNX files as exporters write them, for tests of Lstm.Onnx.

    python3 onnx_graphs.py FOLDER

Needs python3-onnx and python3-torch of Debian. Each file lies in a folder of its name as model.onnx, with input_I.pb and, where
PyTorch computed them, output_I.pb. index.json says of each file what an import of it gives:

    whole    the network, whose outputs are those of the files
    part     the LSTM node of that name, because the rest has no layer
    refused  words of the message
"""
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnx.shape_inference
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(sys.argv[1])
INDEX = []


def write(name, model, inputs, outputs, **entry):
    folder = FOLDER / name
    folder.mkdir(parents=True)
    onnx.save(model, str(folder / "model.onnx"))
    save(folder, inputs, outputs)
    INDEX.append({"name": name, "checked": bool(entry.pop("check", True)), **entry})


def save(folder, inputs, outputs):
    folder.mkdir(exist_ok=True)
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for i, (tensor, value) in enumerate(tensors.items()):
            proto = numpy_helper.from_array(np.asarray(value), tensor)
            (folder / f"{kind}_{i}.pb").write_bytes(proto.SerializeToString())


# ---- PyTorch's exporter


class Calls(nn.Module):
    """A function of a module's output as a module."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def export(name, module, inputs, opset=14, dynamic=None, outputs=("y",), **entry):
    module.eval()
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.tmp"
    with torch.no_grad():
        torch.onnx.export(
            module, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=list(outputs),
            opset_version=opset, dynamic_axes=dynamic)
    model = onnx.load(str(path))
    path.unlink()
    write(name, model, *run(module, inputs, outputs), **entry)
    if dynamic and "refused" not in entry:
        save(FOLDER / name / "other", *run(module, {key: other(key, value, dynamic.get(key, {})) for key, value in inputs.items()},
                                           outputs))


def run(module, inputs, outputs):
    with torch.no_grad():
        results = module(*inputs.values())
    results = results if isinstance(results, tuple) else (results,)
    return ({key: value.numpy() for key, value in inputs.items()}, {key: value.numpy() for key, value in zip(outputs, results)})


def other(name, value, axes):
    """An input of other sizes than the file was made with: one sequence and two steps more."""
    shape = list(value.shape)
    for axis, what in axes.items():
        shape[axis] += 1 if what[0] in "bn" else 2
    if name == "lengths":
        return torch.tensor([7, *range(shape[0] - 1, 0, -1)])
    return torch.randn(*shape, dtype=value.dtype)


def x(*shape, dtype=torch.float32):
    return torch.randn(*shape, dtype=dtype)


BOTH = {"x": {0: "batch", 1: "time"}}


def pytorch():
    torch.manual_seed(1)
    for layers in (1, 2):
        for both in (False, True):
            for first in (False, True):
                for bias in (False, True):
                    name = f"torch_lstm_{layers}{'_bi' if both else ''}{'_bf' if first else ''}{'' if bias else '_nobias'}"
                    lstm = nn.LSTM(3, 4, layers, bidirectional=both, batch_first=first, bias=bias, dropout=0.2 * (layers - 1))
                    export(name, Calls(lambda m, x: (lambda r: (r[0], *r[1]))(m.lstm(x)), lstm=lstm), {"x": x(5, 2, 3)},
                           dynamic=BOTH if bias else None, outputs=("y", "h", "c"))
    for opset in (9, 10, 11, 12, 13, 15, 16, 17):
        lstm = nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True)
        export(f"torch_opset_{opset}",
               Calls(lambda m, x: m.head(m.norm(m.lstm(x)[0])), lstm=lstm, head=nn.Linear(8, 2), norm=nn.LayerNorm(8)),
               {"x": x(2, 5, 3)}, opset=opset, dynamic=BOTH)
    ends()
    heads()
    states()
    parts()


def ends():
    """The ways to one output of a sequence."""
    forward = {
        "last_step": lambda m, x: m.head(m.lstm(x)[0][:, -1, :]),
        "first_step": lambda m, x: m.head(m.lstm(x)[0][:, 0]),
        "h_last": lambda m, x: m.head(m.lstm(x)[1][0][-1]),
        "h_squeezed": lambda m, x: m.head(m.lstm(x)[1][0].squeeze(0)),
        "mean": lambda m, x: m.head(m.lstm(x)[0].mean(1)),
        "max": lambda m, x: m.head(m.lstm(x)[0].max(1).values),
        "head_then_last": lambda m, x: m.head(m.lstm(x)[0])[:, -1],
    }
    for name, function in forward.items():
        for dynamic in (None, BOTH):
            export(f"torch_{name}{'_dynamic' if dynamic else ''}",
                   Calls(function, lstm=nn.LSTM(3, 4, batch_first=True), head=nn.Linear(4, 2)), {"x": x(2, 5, 3)},
                   dynamic=dynamic)
    both = {
        "h_cat": lambda m, x: m.head(torch.cat((m.lstm(x)[1][0][-2], m.lstm(x)[1][0][-1]), 1)),
        "h_cat_slices": lambda m, x: m.head(torch.cat((m.lstm(x)[1][0][-2, :, :], m.lstm(x)[1][0][-1, :, :]), dim=1)),
        "halves_cat": lambda m, x: m.head(torch.cat((m.lstm(x)[0][:, -1, :4], m.lstm(x)[0][:, 0, 4:]), 1)),
        "halves_sum": lambda m, x: m.mix(m.lstm(x)[0][:, :, :4] + m.lstm(x)[0][:, :, 4:]),
        "halves_chunk": lambda m, x: m.mix(sum(m.lstm(x)[0].chunk(2, -1))),
        "view_sum": lambda m, x: m.mix(m.lstm(x)[0].view(2, 5, 2, 4).sum(2)),
        "h_permuted": lambda m, x: m.head(m.lstm(x)[1][0].permute(1, 0, 2).reshape(2, 8)),
    }
    for name, function in both.items():
        # The same module runs once in the graph: its outputs are taken from one call.
        def once(m, x, function=function):
            out = m.rnn(x)
            return function(type("Called", (), {"lstm": staticmethod(lambda _: out), "head": m.head, "mix": m.mix}), x)
        export(f"torch_{name}", Calls(once, rnn=nn.LSTM(3, 4, batch_first=True, bidirectional=True), head=nn.Linear(8, 2),
                                      mix=nn.Linear(4, 2)), {"x": x(2, 5, 3)})


def heads():
    ids = torch.randint(0, 11, (2, 6))
    class Tagger(nn.Module):
        """One sentence at a time: [steps] ids, as in PyTorch's tutorial."""

        def __init__(self):
            super().__init__()
            self.emb, self.lstm, self.tag = nn.Embedding(11, 3), nn.LSTM(3, 4), nn.Linear(4, 5)

        def forward(self, sentence):
            embeds = self.emb(sentence)
            out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
            return torch.log_softmax(self.tag(out.view(len(sentence), -1)), dim=1)

    export("torch_tagger", Tagger(), {"ids": ids[0]})
    mlp = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3), nn.Sigmoid())
    export("torch_mlp", Calls(lambda m, x: m.mlp(m.lstm(x)[0]), lstm=nn.LSTM(3, 4), mlp=mlp), {"x": x(5, 2, 3)})
    for name, activation in {
            "tanh": nn.Tanh(), "elu": nn.ELU(0.7), "leaky": nn.LeakyReLU(0.2), "softsign": nn.Softsign(),
            "softplus": nn.Softplus(), "softmax": nn.Softmax(-1), "logsoftmax": nn.LogSoftmax(-1)}.items():
        export(f"torch_act_{name}", Calls(lambda m, x: m.act(m.head(m.act(m.lstm(x)[0]))), lstm=nn.LSTM(3, 4),
                                          head=nn.Linear(4, 3), act=activation), {"x": x(5, 2, 3)})
    export("torch_scaled", Calls(lambda m, x: 2 * torch.tanh(0.5 * m.head(m.lstm(x / 10 - 0.5)[0])) + 3, lstm=nn.LSTM(3, 4),
                                 head=nn.Linear(4, 3)), {"x": x(5, 2, 3)})
    export("torch_univariate", Calls(lambda m, x: m.head(m.lstm(x.unsqueeze(-1))[0]).squeeze(-1),
                                     lstm=nn.LSTM(1, 4, batch_first=True), head=nn.Linear(4, 1)), {"x": x(2, 5)})
    export("torch_double", Calls(lambda m, x: m.head(m.lstm(x)[0]), lstm=nn.LSTM(3, 4, bidirectional=True).double(),
                                 head=nn.Linear(8, 2).double()), {"x": x(5, 2, 3, dtype=torch.float64)}, check=False)
    export("torch_residual", Calls(lambda m, x: m.lstm(x)[0] + x, lstm=nn.LSTM(4, 4)), {"x": x(5, 2, 4)})
    export("torch_skip", Calls(lambda m, x: torch.cat((m.lstm(x)[0], x), -1), lstm=nn.LSTM(3, 4)), {"x": x(5, 2, 3)})
    for opset in (14, 17):
        export(f"torch_norm_{opset}", Calls(lambda m, x: m.after(m.lstm(m.before(x))[0]), lstm=nn.LSTM(3, 4),
                                            before=nn.LayerNorm(3), after=nn.LayerNorm(4, elementwise_affine=opset > 14)),
               {"x": x(5, 2, 3)}, opset=opset)
    export("torch_two_lstms", Calls(lambda m, x: m.head(m.b(torch.relu(m.a(x)[0]))[0]), a=nn.LSTM(3, 4), b=nn.LSTM(4, 2),
                                    head=nn.Linear(2, 1)), {"x": x(5, 2, 3)}, dynamic={"x": {0: "t", 1: "n"}})
    for dynamic in (None, {"x": {0: "n"}}):
        export(f"torch_autoencoder{'_dynamic' if dynamic else ''}",
               Calls(lambda m, x: m.head(m.b(m.a(x)[1][0][-1].unsqueeze(1).repeat(1, 5, 1))[0]),
                     a=nn.LSTM(3, 4, batch_first=True), b=nn.LSTM(4, 4, batch_first=True), head=nn.Linear(4, 3)),
               {"x": x(2, 5, 3)}, dynamic=dynamic)


def states():
    h, c = x(2, 2, 4), x(2, 2, 4)
    export("torch_states", Calls(lambda m, x, h, c: (lambda r: (r[0], *r[1]))(m.lstm(x, (h, c))), lstm=nn.LSTM(3, 4, 2)),
           {"x": x(5, 2, 3), "h0": h, "c0": c}, outputs=("y", "h", "c"),
           dynamic={"x": {0: "t", 1: "n"}, "h0": {1: "n"}, "c0": {1: "n"}})

    class Learned(nn.Module):
        def __init__(self, repeat, both=False):
            super().__init__()
            self.lstm, self.repeat = nn.LSTM(3, 4, bidirectional=both), repeat
            self.h, self.c = nn.Parameter(torch.randn(1 + both, 1, 4)), nn.Parameter(torch.randn(1 + both, 1, 4))

        def forward(self, x):
            n = x.shape[1]
            if self.repeat:
                return self.lstm(x, (self.h.repeat(1, n, 1), self.c.repeat(1, n, 1)))[0]
            return self.lstm(x, (self.h.expand(-1, n, -1).contiguous(), self.c.expand(-1, n, -1).contiguous()))[0]

    for repeat in (False, True):
        for both in (False, True):
            for dynamic in (None, {"x": {0: "t", 1: "n"}}):
                export(f"torch_learned_{'repeat' if repeat else 'expand'}{'_bi' if both else ''}{'_dynamic' if dynamic else ''}",
                       Learned(repeat, both), {"x": x(5, 2, 3)}, dynamic=dynamic)

    class Zeros(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(3, 4, 2, batch_first=True), nn.Linear(4, 1)

        def forward(self, x):
            h = torch.zeros(2, x.size(0), 4)
            c = torch.zeros(2, x.size(0), 4)
            out, _ = self.lstm(x, (h.detach(), c.detach()))
            return self.head(out[:, -1, :])

    for dynamic in (None, BOTH):
        export(f"torch_zeros{'_dynamic' if dynamic else ''}", Zeros(), {"x": x(2, 5, 3)}, dynamic=dynamic)

    class Packed(nn.Module):
        def __init__(self, last):
            super().__init__()
            self.lstm, self.last = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True), last

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            out, (h, _) = self.lstm(packed)
            return h if self.last else nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]

    for last in (False, True):
        export(f"torch_packed{'_last' if last else ''}", Packed(last), {"x": x(3, 5, 3), "lengths": torch.tensor([5, 3, 1])},
               dynamic={"x": {1: "t"}})


def parts():
    """What has no layer: refused with the reason, or read in part."""
    conv = nn.Conv1d(2, 3, 3)
    export("torch_conv", Calls(lambda m, x: m.head(m.lstm(m.conv(x).transpose(1, 2))[0]), conv=conv,
                               lstm=nn.LSTM(3, 4, batch_first=True), head=nn.Linear(4, 2)), {"x": x(2, 2, 7)},
           refused="(Conv)", part="/lstm/LSTM")
    export("torch_seq2seq", Calls(lambda m, x: m.b(x, m.a(x)[1])[0], a=nn.LSTM(3, 4), b=nn.LSTM(3, 4)), {"x": x(5, 2, 3)},
           refused="import a part", part="/b/LSTM")
    attention = Calls(lambda m, x: (lambda y: (torch.softmax(m.score(y), 1) * y).sum(1))(m.lstm(x)[0]),
                      lstm=nn.LSTM(3, 4, batch_first=True), score=nn.Linear(4, 1))
    export("torch_attention", attention, {"x": x(2, 5, 3)}, refused="'/lstm/LSTM'", part="/lstm/LSTM")
    export("torch_gru", nn.GRU(3, 4), {"x": x(5, 2, 3)}, outputs=("y", "h"), refused="(GRU)")
    export("torch_flattened", Calls(lambda m, x: m.head(m.lstm(x)[0].flatten(1)), lstm=nn.LSTM(3, 4, batch_first=True),
                                    head=nn.Linear(20, 1)), {"x": x(2, 5, 3)}, refused="last axis", part="/lstm/LSTM")

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTMCell(3, 4)

        def forward(self, x):
            h = c = torch.zeros(2, 4)
            for t in range(3):
                h, c = self.cell(x[t], (h, c))
            return h

    export("torch_cell_unrolled", Cell(), {"x": x(3, 2, 3)}, refused="unrolled into MatMul nodes")

    class Looped(nn.Module):
        """A loop over pieces, whose body has the LSTM."""

        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 4)

        def forward(self, x, n: int):
            h = torch.zeros(1, 2, 4)
            c = torch.zeros(1, 2, 4)
            y = torch.zeros(5, 2, 4)
            for _ in range(n):
                y, (h, c) = self.lstm(x, (h, c))
            return y

    module = Looped().eval()
    path = FOLDER / "loop.tmp"
    torch.onnx.export(torch.jit.script(module), (x(5, 2, 3), torch.tensor(2)), str(path), opset_version=14,
                      input_names=["x", "n"], output_names=["y"])
    model = onnx.load(str(path))
    path.unlink()
    body = next(a.g for node in model.graph.node if node.op_type == "Loop" for a in node.attribute if a.name == "body")
    lstm = next(node for node in body.node if node.op_type == "LSTM")
    write("torch_loop", model, {}, {}, refused="(Loop)", part=lstm.name, inside=True)


# ---- graphs as other exporters write them


class Graph:
    def __init__(self, name, opset, **inputs):
        self.name, self.opset, self.nodes, self.constants, self.count = name, opset, [], [], 0
        self.inputs = [helper.make_tensor_value_info(key, kind, shape) for key, (kind, shape) in inputs.items()]
        self.random = np.random.RandomState(len(name))

    def const(self, value, dtype=np.int64):
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weights(self, *shape):
        return self.const(self.random.randn(*shape) * 0.5, np.float32)

    def __call__(self, op, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"{op.lower()}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}__{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def write(self, inputs, *outputs, rank=3, **entry):
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], producer_name=self.name)
        model.ir_version = min(8, model.ir_version)
        model = onnx.shape_inference.infer_shapes(model)
        del model.graph.value_info[:]
        for output in model.graph.output:
            if not output.type.tensor_type.HasField("shape"):
                output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [None] * rank))
        if self.opset <= onnx.defs.onnx_opset_version():
            onnx.checker.check_model(model)
        write(self.name, model, inputs, {}, **entry)


def tf2onnx():
    """Keras models as tf2onnx writes them: states of Fill on the batch, Squeeze, Tensordot on reshaped rows."""
    sample = {"x": np.random.RandomState(1).randn(2, 5, 3).astype(np.float32)}

    def lstm(g, x, shape_of, inputs, units, both=False):
        d = 2 if both else 1
        batch = g("Slice", g("Cast", g("Shape", shape_of), to=TensorProto.INT32), g.const([0]), g.const([1]), g.const([0]))
        shape = g("Concat", g("Cast", batch, to=TensorProto.INT64), g.const([units]), axis=0)
        zeros = g("Unsqueeze", g("Expand", g.const(0.0, np.float32), shape), g.const([0]))
        state = g("Concat", zeros, zeros, axis=0) if both else zeros
        time = g("Shape", x)
        lengths = g("Cast", g("Tile", g("Slice", time, g.const([0]), g.const([1]), g.const([0])),
                              g("Slice", time, g.const([1]), g.const([2]), g.const([0]))), to=TensorProto.INT32)
        return g("LSTM", x, g.weights(d, 4 * units, inputs), g.weights(d, 4 * units, units), g.weights(d, 8 * units), lengths,
                 state, state, outputs=3, hidden_size=units, direction="bidirectional" if both else "forward")

    def dense(g, x, inputs, units, rank3):
        weights, bias = g.weights(inputs, units), g.weights(units)
        if not rank3:
            return g("Add", g("MatMul", x, weights), bias)
        shape = g("Cast", g("Shape", x), to=TensorProto.INT32)
        free = g("Gather", shape, g.const([0, 1]), axis=0)
        rows = g("ReduceProd", free, axes=[0], keepdims=1)
        both = g("Concat", g("Cast", rows, to=TensorProto.INT64), g.const([-1]), axis=0)
        product = g("MatMul", g("Reshape", g("Transpose", x, perm=[0, 1, 2]), both), weights)
        back = g("Concat", g("Cast", free, to=TensorProto.INT64), g.const([units]), axis=0)
        return g("Add", g("Reshape", product, back), bias)

    for both in (False, True):
        g = Graph(f"tf2onnx_sequences{'_bi' if both else ''}", 15, x=(TensorProto.FLOAT, ["n", "t", 3]))
        y, _, _ = lstm(g, g("Transpose", "x", perm=[1, 0, 2]), "x", 3, 4, both)
        if both:
            halves = [g("Squeeze", g("Slice", y, g.const([d]), g.const([d + 1]), g.const([1])), g.const([1])) for d in (0, 1)]
            out = g("Concat", *[g("Transpose", half, perm=[1, 0, 2]) for half in halves], axis=-1)
        else:
            out = g("Transpose", g("Squeeze", y, g.const([1])), perm=[1, 0, 2])
        y2, h2, _ = lstm(g, g("Transpose", out, perm=[1, 0, 2]), out, 8 if both else 4, 3)
        out = g("Transpose", g("Squeeze", y2, g.const([1])), perm=[1, 0, 2])
        g.write(sample, g("Sigmoid", dense(g, out, 3, 2, True)))

    for both in (False, True):
        g = Graph(f"tf2onnx_last{'_bi' if both else ''}", 13, x=(TensorProto.FLOAT, [None, 5, 3]))
        _, h, _ = lstm(g, g("Transpose", "x", perm=[1, 0, 2]), "x", 3, 4, both)
        if both:
            halves = [g("Squeeze", g("Slice", h, g.const([d]), g.const([d + 1]), g.const([0])), g.const([0])) for d in (0, 1)]
            last = g("Concat", *halves, axis=1)
        else:
            last = g("Squeeze", h, g.const([0]))
        g.write(sample, g("Softmax", dense(g, last, 8 if both else 4, 3, False), axis=-1))

    g = Graph("tf2onnx_last_step", 13, x=(TensorProto.FLOAT, [None, 5, 3]))
    y, _, _ = lstm(g, g("Transpose", "x", perm=[1, 0, 2]), "x", 3, 4)
    last = g("Squeeze", g("Slice", g("Squeeze", y, g.const([1])), g.const([-1]), g.const([2 ** 31 - 1]), g.const([0])),
             g.const([0]))
    g.write(sample, dense(g, last, 4, 1, False))

    g = Graph("tf2onnx_embedding_of_float", 13, x=(TensorProto.FLOAT, [None, 6]))
    rows = g("Gather", g.weights(11, 3), g("Cast", "x", to=TensorProto.INT32), axis=0)
    y, h, _ = lstm(g, g("Transpose", rows, perm=[1, 0, 2]), rows, 3, 4)
    g.write({"x": np.array([[1, 2, 3, 4, 5, 10], [0, 0, 9, 8, 7, 1]], np.float32)},
            g("Sigmoid", dense(g, g("Squeeze", h, g.const([0])), 4, 1, False)))

    g = Graph("tf2onnx_repeat_vector", 13, x=(TensorProto.FLOAT, [None, 5, 3]))
    _, h, _ = lstm(g, g("Transpose", "x", perm=[1, 0, 2]), "x", 3, 4)
    code = g("Tile", g("Unsqueeze", g("Squeeze", h, g.const([0])), g.const([1])), g.const([1, 5, 1]))
    y, _, _ = lstm(g, g("Transpose", code, perm=[1, 0, 2]), code, 4, 4)
    g.write(sample, dense(g, g("Transpose", g("Squeeze", y, g.const([1])), perm=[1, 0, 2]), 4, 3, True))

    # Masking: the lengths are computed from the values.
    g = Graph("tf2onnx_masking", 13, x=(TensorProto.FLOAT, ["n", "t", 3]))
    live = g("Cast", g("Greater", g("ReduceMax", g("Abs", "x"), axes=[2], keepdims=0), g.const(0.0, np.float32)),
             to=TensorProto.INT32)
    lengths = g("ReduceSum", live, g.const([1]), keepdims=0)
    y, h, _ = g("LSTM", g("Transpose", "x", perm=[1, 0, 2]), g.weights(1, 16, 3), g.weights(1, 16, 4), g.weights(1, 32), lengths,
                outputs=3, hidden_size=4)
    masked = {"x": np.concatenate((sample["x"], np.zeros((2, 2, 3), np.float32)), 1)}
    masked["x"][1, 3:] = 0
    masked[lengths] = np.array([5, 3], np.int32)
    g.write(masked, g("Squeeze", h, g.const([0])))


def keras2onnx():
    sample = {"x": np.random.RandomState(2).randn(2, 5, 3).astype(np.float32)}
    for merge in ("concat", "sum", "ave", "mul"):
        g = Graph(f"keras2onnx_{merge}", 11, x=(TensorProto.FLOAT, ["N", 5, 3]))
        y, _, _ = g("LSTM", g("Transpose", "x", perm=[1, 0, 2]), g.weights(2, 16, 3), g.weights(2, 16, 4), g.weights(2, 32),
                    outputs=3, hidden_size=4, direction="bidirectional",
                    activations=["Sigmoid", "Tanh", "Tanh"] * 2)
        rows = g("Transpose", y, perm=[2, 0, 1, 3])
        if merge == "concat":
            rows = g("Reshape", rows, g.const([-1, 5, 8]))
        else:
            op = {"sum": "ReduceSum", "ave": "ReduceMean", "mul": "ReduceProd"}[merge]
            rows = g(op, rows, axes=[2], keepdims=0)
        units = 8 if merge == "concat" else 4
        flat = g("Reshape", rows, g.const([-1, units]))
        product = g("Add", g("MatMul", flat, g.weights(units, 2)), g.weights(2))
        g.write(sample, g("Reshape", product, g.const([-1, 5, 2])))

    g = Graph("keras2onnx_hard_sigmoid", 11, x=(TensorProto.FLOAT, ["N", 5, 3]))
    y, h, c = g("LSTM", g("Transpose", "x", perm=[1, 0, 2]), g.weights(1, 16, 3), g.weights(1, 16, 4), g.weights(1, 32), outputs=3,
                hidden_size=4, activations=["HardSigmoid", "Tanh", "Tanh"], activation_alpha=[0.2], activation_beta=[0.5])
    last = g("Reshape", h, g.const([-1, 4]))
    g.write(sample, g("Add", g("MatMul", last, g.weights(4, 1)), g.weights(1)))

    # Layer normalisation with Reciprocal, as in TensorFlow's batch form.
    g = Graph("keras2onnx_norm", 11, x=(TensorProto.FLOAT, ["N", 5, 3]))
    y, _, _ = g("LSTM", g("Transpose", "x", perm=[1, 0, 2]), g.weights(1, 16, 3), g.weights(1, 16, 4), outputs=3, hidden_size=4)
    rows = g("Transpose", g("Squeeze", y, axes=[1]), perm=[1, 0, 2])
    mean = g("ReduceMean", rows, axes=[2], keepdims=1)
    centered = g("Sub", rows, mean)
    variance = g("ReduceMean", g("Mul", centered, centered), axes=[2], keepdims=1)
    inverse = g("Reciprocal", g("Sqrt", g("Add", variance, g.const(1e-3, np.float32))))
    g.write(sample, g("Add", g("Mul", g("Mul", centered, inverse), g.weights(4)), g.weights(4)))


def torch_dynamo():
    """PyTorch's second exporter: gates reordered in the graph, states cut from one tensor, sizes by Shape with start and end."""
    for layers in (1, 2):
        for both in (False, True):
            for state in (False, True):
                d = 2 if both else 1
                name = f"dynamo_{layers}{'_bi' if both else ''}{'_state' if state else ''}"
                shapes = {"x": (TensorProto.FLOAT, ["batch", "time", 3])}
                if state:
                    shapes |= {key: (TensorProto.FLOAT, [layers * d, "batch", 4]) for key in ("h0", "c0")}
                g = Graph(name, 18, **shapes)
                value, hs, cs = g("Transpose", "x", perm=[1, 0, 2]), [], []
                for layer in range(layers):
                    def cut(key):
                        if not state:
                            batch = g("Shape", "x", start=0, end=1)
                            whole = g("Expand", g.const(0.0, np.float32),
                                      g("Concat", g.const([layers * d]), batch, g.const([4]), axis=0))
                        else:
                            whole = key
                        return g("Slice", whole, g.const([layer * d]), g.const([(layer + 1) * d]), g.const([0]))

                    def reorder(*shape):
                        i, f, c, o = g("Split", g.weights(*shape), outputs=4, axis=0, num_outputs=4)
                        return g("Concat", i, o, f, c, axis=0)

                    def stack(tensors):
                        rows = [g("Unsqueeze", tensor, g.const([0])) for tensor in tensors]
                        return g("Concat", *rows, axis=0) if both else rows[0]

                    inputs = 3 if layer == 0 else 4 * d
                    w = stack([reorder(16, inputs) for _ in range(d)])
                    r = stack([reorder(16, 4) for _ in range(d)])
                    b = stack([g("Concat", reorder(16), reorder(16), axis=0) for _ in range(d)])
                    y, h, c = g("LSTM", value, w, r, b, "", cut("h0"), cut("c0"), outputs=3, hidden_size=4,
                                direction="bidirectional" if both else "forward")
                    turned = g("Transpose", y, perm=[0, 2, 1, 3])
                    sizes = g("Concat", g("Shape", turned, start=0, end=1), g("Shape", turned, start=1, end=2),
                              g.const([4 * d]), axis=0)
                    value = g("Reshape", turned, sizes, allowzero=1)
                    hs.append(h)
                    cs.append(c)
                out = g("Transpose", value, perm=[1, 0, 2])
                h, c = (g("Concat", *all, axis=0) if layers > 1 else g("Identity", all[0]) for all in (hs, cs))
                random = np.random.RandomState(3)
                sample = {"x": random.randn(2, 5, 3).astype(np.float32)}
                if state:
                    sample |= {key: random.randn(layers * d, 2, 4).astype(np.float32) for key in ("h0", "c0")}
                g.write(sample, out, h, c)


def paddle():
    """Paddle's exporter: states by Split, Reshape with zeros that copy."""
    g = Graph("paddle_stack", 11, x=(TensorProto.FLOAT, [-1, -1, 3]), h0=(TensorProto.FLOAT, [4, -1, 4]),
              c0=(TensorProto.FLOAT, [4, -1, 4]))
    hs, cs = g("Split", "h0", outputs=2, axis=0), g("Split", "c0", outputs=2, axis=0)
    value = g("Transpose", "x", perm=[1, 0, 2])
    for layer in range(2):
        y, _, _ = g("LSTM", value, g.weights(2, 16, 3 if layer == 0 else 8), g.weights(2, 16, 4), g.weights(2, 32), "", hs[layer],
                    cs[layer], outputs=3, hidden_size=4, direction="bidirectional")
        value = g("Reshape", g("Transpose", y, perm=[0, 2, 1, 3]), g.const([0, 0, -1]))
    random = np.random.RandomState(4)
    g.write({"x": random.randn(2, 5, 3).astype(np.float32), "h0": random.randn(4, 2, 4).astype(np.float32),
             "c0": random.randn(4, 2, 4).astype(np.float32)}, g("Transpose", value, perm=[1, 0, 2]))


pytorch()
tf2onnx()
keras2onnx()
torch_dynamo()
paddle()
(FOLDER / "index.json").write_text(json.dumps(INDEX, indent=1))
