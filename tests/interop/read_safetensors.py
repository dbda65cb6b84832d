"""Reads files of this library in Python and computes the same outputs with PyTorch.

/usr/bin/python3 tests/interop/read_safetensors.py FOLDER       (Debian: apt-get install python3-torch)

FOLDER has NAME.safetensors, NAME.npz with the same parameters, and NAME.io.safetensors with the tensors input [B, T, I] and
output [B, T, O], as InteropFileTests writes them. Every layer is an nn.LSTM or an nn.Linear.
"""
import json
import os
import struct
import sys
import numpy as np
import torch
from torch import nn


def load_safetensors(path):
    types = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32}
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        payload = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(payload[start:end], dtype=types[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors, metadata


def module_of(layer, inputs, dtype):
    if layer["kind"] == "dense":
        return nn.Linear(inputs, layer["outputSize"], dtype=dtype), layer["outputSize"]
    projection = (layer.get("projection") or {}).get("size", 0)
    directions = 2 if layer["direction"] == "bidirectional" else 1
    module = nn.LSTM(
        inputs, layer["hiddenSize"], layer["layers"], bias=layer["bias"] != "none", batch_first=True,
        bidirectional=directions == 2, proj_size=projection, dtype=dtype)
    return module, (projection or layer["hiddenSize"]) * directions


def check(folder, name):
    tensors, metadata = load_safetensors(os.path.join(folder, name + ".safetensors"))
    archive = np.load(os.path.join(folder, name + ".npz"))
    assert sorted(archive.files) == sorted(tensors), "the archive has other names"
    for key, tensor in tensors.items():
        assert np.array_equal(archive[key], tensor.numpy()), key
    io, _ = load_safetensors(os.path.join(folder, name + ".io.safetensors"))
    spec = json.loads(metadata["spec"])
    value, size = io["input"], spec["inputSize"]
    for layer in spec["layers"]:
        module, size = module_of(layer, size, value.dtype)
        prefix = (layer.get("name") or layer["kind"]) + "."
        module.load_state_dict({key[len(prefix):]: t for key, t in tensors.items() if key.startswith(prefix)}, strict=True)
        with torch.no_grad():
            value = module(value)
        value = value[0] if isinstance(value, tuple) else value
    error = (value - io["output"]).abs().max().item()
    assert value.shape == io["output"].shape and error <= 1e-5, f"{name}: {error}"
    print(f"{name}: {len(tensors)} tensors, largest difference {error:.1e}")


names = sorted(name[:-len(".io.safetensors")] for name in os.listdir(sys.argv[1]) if name.endswith(".io.safetensors"))
assert names, "the folder has no files"
for each in names:
    check(sys.argv[1], each)
print(f"{len(names)} models equal")
