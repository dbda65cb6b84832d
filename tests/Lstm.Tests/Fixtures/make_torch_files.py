"""Makes the files of the folder foreign: small files that PyTorch and NumPy write, with what their modules compute.

/usr/bin/python3 tests/Lstm.Tests/Fixtures/make_torch_files.py      (Debian: apt-get install python3-torch)
"""
import os
import numpy as np
import torch
from torch import nn

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign")
os.makedirs(FOLDER, exist_ok=True)


def path(name):
    return os.path.join(FOLDER, name)


class Projected(nn.Module):
    """Embedding, an LSTM with projection in both directions, LayerNorm, Linear."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 5)
        self.rnn = nn.LSTM(5, 6, num_layers=2, bidirectional=True, proj_size=3, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.out = nn.Linear(6, 4)

    def forward(self, x):
        y, _ = self.rnn(self.embed(x))
        return self.out(self.norm(y))


class Cells(nn.Module):
    """Two LSTMCells one after the other, and a Linear without bias."""

    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([nn.LSTMCell(3, 5), nn.LSTMCell(5, 4)])
        self.read_out = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        states = [None, None]
        outputs = []
        for t in range(x.shape[1]):
            value = x[:, t]
            for i, cell in enumerate(self.cells):
                states[i] = cell(value, states[i])
                value = states[i][0]
            outputs.append(self.read_out(value))
        return torch.stack(outputs, dim=1)


class Pair(nn.Module):
    """Two LSTMs and a Linear, made in another order than that of the data."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 1)
        self.first = nn.LSTM(2, 7, batch_first=True)
        self.second = nn.LSTM(7, 5, bias=False, batch_first=True)

    def forward(self, x):
        y, _ = self.first(x)
        y, _ = self.second(y)
        return self.fc(y)


def example(module, inputs):
    with torch.no_grad():
        return {"input": inputs, "output": module(inputs)}


def torch_files():
    torch.manual_seed(5)
    module = Projected().eval()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    module(torch.randint(0, 11, (2, 3))).sum().backward()
    optimizer.step()
    torch.save(
        {
            "epoch": 5, "best": 0.25, "model_state_dict": module.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
            "losses": [0.5, 0.25], "example": example(module, torch.randint(0, 11, (3, 6))),
        }, path("checkpoint.pt"))

    module = Cells().eval()
    torch.save({"state_dict": module.state_dict(), "example": example(module, torch.randn(2, 5, 3))}, path("cells.pt"))

    module = Pair().double().eval()
    torch.save(
        {"state_dict": nn.DataParallel(module).state_dict(),
         "example": example(module, torch.randn(2, 5, 2, dtype=torch.float64))}, path("pair.f64.pt"))
    torch.save(
        {"state_dict": module.state_dict(), "example": example(module, torch.randn(2, 5, 2, dtype=torch.float64))},
        path("pair.f64.legacy.pt"), _use_new_zipfile_serialization=False)

    module = nn.LSTM(3, 4, batch_first=True)
    torch.save(module.state_dict(), path("lstm_alone.pt"))
    torch.save(module, path("whole_module.pt"))
    torch.jit.script(module).save(path("script.pt"))

    matrix = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    views = {
        "rows": matrix, "transposed": matrix.t(), "slice": matrix[1:, ::2], "column": matrix[:, 1], "flipped": matrix.t()[1:3].t(),
        "f64": matrix.double() / 3, "f16": matrix.half() / 8, "bf16": matrix.bfloat16() / 8, "i64": matrix.long() * -1000,
        "i8": matrix.to(torch.int8) - 6, "u8": matrix.to(torch.uint8), "bool": matrix > 4, "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3), "parameter": nn.Parameter(matrix[2].clone()),
        "nested": [torch.ones(2), {"deep": (torch.zeros(1), None, 3)}], "size": matrix.shape, "note": "größer", "none": None,
        "flag": True, "big": 2 ** 80, 7: torch.full((1,), 7.0),
    }
    torch.save(views, path("views.pt"))
    torch.save(views, path("views.legacy.pt"), _use_new_zipfile_serialization=False)
    torch.save(matrix.expand(2, 3, 4), path("expanded.pt"))
    torch.save(matrix, path("tensor.pt"))


def numpy_files():
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(path("rows.npy"), matrix)
    np.save(path("fortran.npy"), np.asfortranarray(np.arange(24, dtype=np.float64).reshape(2, 3, 4)))
    np.save(path("big_endian.npy"), matrix.astype(">f4"))
    np.save(path("objects.npy"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(path("structured.npy"), np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
    np.save(path("scalar.npy"), np.float64(2.5))
    for version in (2, 3):
        with open(path(f"version{version}.npy"), "wb") as file:
            np.lib.format.write_array(file, matrix, version=(version, 0))
    arrays = dict(
        rows=matrix, fortran=np.asfortranarray(matrix), f16=matrix.astype(np.float16), i16=matrix.astype(np.int16) - 5,
        u32=matrix.astype(np.uint32), flags=matrix > 4, empty=np.zeros((0, 2), np.float32))
    np.savez(path("arrays.npz"), **arrays)
    np.savez_compressed(path("compressed.npz"), **arrays)


torch_files()
numpy_files()
for name in sorted(os.listdir(FOLDER)):
    print(name, os.path.getsize(path(name)))
