"""Makes pytorch_model.pt, the file that import_pytorch.cs reads: a small LSTM as another program would leave it.

python3 docs/examples/data/make_pytorch_model.py        (Debian: apt-get install python3-torch; any PyTorch from 1.6 on)
"""
import os
import torch
from torch import nn

torch.manual_seed(11)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=3, hidden_size=8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        y, _ = self.lstm(x)
        return torch.tanh(self.head(y))


model = Forecaster().eval()
inputs = torch.randn(4, 12, 3)
with torch.no_grad():
    outputs = model(inputs)

# A training loop's checkpoint: the state_dict among other things, and here what the module computes.
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_model.pt")
torch.save({"epoch": 3, "state_dict": model.state_dict(), "example": {"input": inputs, "output": outputs}}, path)
print(path, os.path.getsize(path), "bytes")
