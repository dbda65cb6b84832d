#!/usr/bin/python3
"""Writes models/<config>.onnx for each configuration of infer_seq: the standard LSTM operator, one node per layer."""
import math
import os

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import rows


def model(i, h, layers, batch, steps):
    random = numpy.random.default_rng(1)
    initializers, nodes = [numpy_helper.from_array(numpy.array([1], numpy.int64), "direction")], []
    layer_input = "x"
    for layer in range(layers):
        inputs = [layer_input]
        # ONNX: W [1, 4H, I], R [1, 4H, H], B [1, 8H], gates i o f c.
        for weight, shape in (("w", (1, 4 * h, i if layer == 0 else h)), ("r", (1, 4 * h, h)), ("b", (1, 8 * h))):
            values = random.uniform(-1, 1, shape) / math.sqrt(h)
            inputs.append(f"{weight}{layer}")
            initializers.append(numpy_helper.from_array(values.astype(numpy.float32), inputs[-1]))
        nodes.append(helper.make_node("LSTM", inputs, [f"directed{layer}"], hidden_size=h))
        # [T, 1, B, H] → [T, B, H]
        layer_input = "y" if layer == layers - 1 else f"y{layer}"
        nodes.append(helper.make_node("Squeeze", [f"directed{layer}", "direction"], [layer_input]))
    graph = helper.make_graph(
        nodes, "lstm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, batch, i])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [steps, batch, h])],
        initializers)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    result.ir_version = 7
    onnx.checker.check_model(result)
    return result


folder = os.path.join(rows.HERE, "models")
os.makedirs(folder, exist_ok=True)
for _, config in rows.read("^infer_seq"):
    path = os.path.join(folder, rows.name(config) + ".onnx")
    if not os.path.exists(path):
        onnx.save(model(*config), path + ".tmp")
        os.replace(path + ".tmp", path)
