"""Writes the JSON models of this folder and what they compute: python3 make_json_models.py

Plain Python in double precision, without packages: the equations are written out once here, independently of the library.
X.json or X.nam is the model, X.expected.json its input (or ids) and output, one row for each step.
"""
import json
import math
import os
import random

FOLDER = os.path.dirname(os.path.abspath(__file__))
R = random.Random(11)


def number(scale=0.6):
    return round(R.uniform(-scale, scale), 6)


def matrix(rows, columns):
    return [[number() for _ in range(columns)] for _ in range(rows)]


def vector(count):
    return [number() for _ in range(count)]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def transposed(m):
    return [list(column) for column in zip(*m)]


def affine(w, x, b):
    return [sum(p * q for p, q in zip(row, x)) + v for row, v in zip(w, b)]


class Lstm:
    """Gates i f g o; w [4H, I], r [4H, H], b [4H]."""

    def __init__(self, inputs, units):
        self.units, self.w, self.r = units, matrix(4 * units, inputs), matrix(4 * units, units)
        self.b, self.b2 = vector(4 * units), [0.0] * (4 * units)
        self.h0, self.c0 = [0.0] * units, [0.0] * units

    def run(self, xs):
        n, h, c, out = self.units, self.h0, self.c0, []
        for x in xs:
            z = [p + q + s for p, q, s in zip(affine(self.w, x, self.b), affine(self.r, h, [0] * 4 * n), self.b2)]
            c = [sigmoid(z[n + u]) * c[u] + sigmoid(z[u]) * math.tanh(z[2 * n + u]) for u in range(n)]
            h = [sigmoid(z[3 * n + u]) * math.tanh(c[u]) for u in range(n)]
            out.append(h)
        return out

    def keras(self):
        """Gates i f c o are in the same order; the matrices are transposed."""
        return [transposed(self.w), transposed(self.r), self.b]


class Dense:
    def __init__(self, inputs, outputs):
        self.w, self.b = matrix(outputs, inputs), vector(outputs)

    def run(self, xs):
        return [affine(self.w, x, self.b) for x in xs]

    def keras(self):
        return [transposed(self.w), self.b]


def each(function, rows):
    return [[function(v) for v in row] for row in rows]


def softmax(row):
    all_ = [math.exp(v) for v in row]
    return [v / sum(all_) for v in all_]


def save(name, model, inputs, outputs):
    with open(os.path.join(FOLDER, name), "w") as f:
        json.dump(model, f)
        f.write("\n")
    with open(os.path.join(FOLDER, name.rsplit(".", 1)[0] + ".expected.json"), "w") as f:
        json.dump({"input": inputs, "output": outputs}, f)
        f.write("\n")


def layer(kind, size, weights, activation=""):
    return {"type": kind, "activation": activation, "shape": [None, None, size], "weights": weights}


def rtneural():
    xs = matrix(7, 2)
    first, lstm, second, last = Dense(2, 3), Lstm(3, 4), Dense(4, 3), Dense(3, 2)
    model = {"in_shape": [None, None, 2], "layers": [
        layer("time-distributed-dense", 3, first.keras(), "tanh"), layer("lstm", 4, lstm.keras(), "tanh"),
        layer("dense", 3, second.keras(), "elu"), layer("dense", 2, [last.keras()[0]]),
        layer("activation", 2, [], "softmax")]}
    ys = each(lambda v: v if v > 0 else math.exp(v) - 1, second.run(lstm.run(each(math.tanh, first.run(xs)))))
    last.b = [0.0, 0.0]
    save("rtneural.json", model, xs, [softmax(row) for row in last.run(ys)])


def aidax():
    xs = matrix(7, 1)
    one, two, last = Lstm(1, 3), Lstm(3, 2), Dense(2, 1)
    model = {"in_shape": [None, None, 1], "in_skip": 1, "in_gain": -6.0, "out_gain": 3.5, "samplerate": 48000.0,
             "metadata": {"name": "an amp", "date": {"year": 2024}}, "input_batch": [0.0, 0.5], "layers": [
                 layer("lstm", 3, one.keras()), layer("lstm", 2, two.keras()), layer("dense", 1, last.keras())]}
    ys = last.run(two.run(one.run(xs)))
    save("aidax.json", model, xs, [[y[0] + x[0]] for x, y in zip(xs, ys)])


def guitarml():
    xs = matrix(7, 2)
    one, two, last = Lstm(2, 3), Lstm(3, 3), Dense(3, 1)
    one.b2, two.b2 = vector(12), vector(12)
    tensors = {}
    for k, lstm in enumerate([one, two]):
        tensors.update({f"rec.weight_ih_l{k}": lstm.w, f"rec.weight_hh_l{k}": lstm.r, f"rec.bias_ih_l{k}": lstm.b,
                        f"rec.bias_hh_l{k}": lstm.b2})
    tensors.update({"lin.weight": last.w, "lin.bias": last.b})
    model = {"model_data": {"model": "SimpleRNN", "input_size": 2, "skip": 1, "output_size": 1, "unit_type": "LSTM",
                            "num_layers": 2, "hidden_size": 3, "bias_fl": True}, "state_dict": tensors}
    ys = last.run(two.run(one.run(xs)))
    save("guitarml.json", model, xs, [[y[0] + x[0]] for x, y in zip(xs, ys)])


def nam():
    xs = matrix(7, 1)
    one, two, last = Lstm(1, 3), Lstm(3, 3), Dense(3, 1)
    weights = []
    for lstm in [one, two]:
        lstm.h0, lstm.c0 = vector(3), vector(3)
        for w, r in zip(lstm.w, lstm.r):
            weights += w + r
        weights += lstm.b + lstm.h0 + lstm.c0
    weights += last.w[0] + last.b
    model = {"version": "0.5.4", "metadata": {"name": "a pedal", "loudness": -18.5}, "architecture": "LSTM",
             "config": {"input_size": 1, "hidden_size": 3, "num_layers": 2}, "weights": weights, "sample_rate": 44100}
    save("lstm.nam", model, xs, last.run(two.run(one.run(xs))))


def segmenter():
    ids = [0, 3, 2, 1, 1, 3, 0]
    table, forward, back, last = matrix(4, 3), Lstm(3, 2), Lstm(3, 2), Dense(4, 4)
    model = {"model": "Letters_codepoints_model", "dic": {"a": 0, "b": 1, "c": 2}}

    def mat(value):
        flat = [v for row in value for v in row] if isinstance(value[0], list) else value
        dim = [len(value), len(value[0])] if isinstance(value[0], list) else [len(value)]
        return {"v": 1, "dim": dim, "data": flat}

    for i, value in enumerate([table] + forward.keras() + back.keras() + last.keras()):
        model[f"mat{i + 1}"] = mat(value)
    xs = [table[i] for i in ids]
    both = [f + b for f, b in zip(forward.run(xs), back.run(xs[::-1])[::-1])]
    save("segmenter.json", model, ids, [softmax(row) for row in last.run(both)])


def state_dict():
    xs = matrix(7, 2)
    lstm, last = Lstm(2, 3), Dense(3, 2)
    lstm.b2 = vector(12)
    model = {"model.lstm.weight_ih_l0": lstm.w, "model.lstm.weight_hh_l0": lstm.r, "model.lstm.bias_ih_l0": lstm.b,
             "model.lstm.bias_hh_l0": lstm.b2, "fc.weight": last.w, "fc.bias": last.b}
    save("state_dict.json", model, xs, last.run(lstm.run(xs)))


for make in [rtneural, aidax, guitarml, nam, segmenter, state_dict]:
    make()
