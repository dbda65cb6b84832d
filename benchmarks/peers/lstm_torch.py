#!/usr/bin/python3
"""Times PyTorch's LSTM on the rows of `compare`. One JSON object per row.

infer_step    one step of LSTMCell at a time, its state (and its output, where sizes allow) fed back
infer_seq     nn.LSTM over the batch, without gradients
train_fwdbwd  gradients dropped, forward, backward from dy = G: dW, db and dx
train_step    the same, the gradient clipped to a global norm of 1, and a step of Adam
"""
import argparse
import os
import re
import sys

import rows

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--filter", default="", help='rows whose "what config" matches this regular expression')
options.add_argument("--threads", type=int, default=1)
options.add_argument("--budget", type=float, default=2, help="seconds of timing for each row")
options.add_argument("--serve", action="store_true", help="prepare one row and answer each number of iterations with its seconds")
options = options.parse_args()


def environment():
    """What has to be set before the libraries load."""
    threads = str(options.threads)
    wanted = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "GLOG_minloglevel": "3"}
    # On several threads OpenBLAS has to share OpenMP's team with PyTorch: two teams would spin against each other.
    libraries = f"/usr/lib/x86_64-linux-gnu/openblas-{'openmp' if options.threads > 1 else 'pthread'}"
    if options.threads > 1:
        # Threads that wander between processors cost some runs a third of their speed.
        wanted.update(OMP_PROC_BIND="true", OMP_PLACES="cores")
    if os.path.isdir(libraries):
        wanted["LD_LIBRARY_PATH"] = libraries
    changed = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    changed.update(wanted)
    return changed


# A preset such as OPENBLAS_CORETYPE=Haswell halves the speed: OpenBLAS has to look at the processor itself.
if os.environ != environment():
    os.execve(sys.executable, [sys.executable, *sys.argv], environment())

try:
    import torch
except ImportError:
    sys.exit("PyTorch is not installed")

PEER = "PyTorch " + re.match(r"\d+\.\d+", torch.__version__)[0]
torch.set_num_threads(options.threads)
torch.manual_seed(1)


def infer_step(i, h, layers, batch, steps):
    assert layers == 1 and steps == 1
    cell = torch.nn.LSTMCell(i, h).eval()
    x = torch.rand(batch, i) * 2 - 1
    state = (torch.zeros(batch, h), torch.zeros(batch, h))

    def run():
        nonlocal x, state
        with torch.inference_mode():
            state = cell(x, state)
            if i == h:
                x = state[0]

    return run


def infer_seq(i, h, layers, batch, steps):
    lstm = torch.nn.LSTM(i, h, layers).eval()
    x = torch.rand(steps, batch, i) * 2 - 1

    def run():
        with torch.inference_mode():
            lstm(x)

    return run


def train_fwdbwd(i, h, layers, batch, steps, update=False):
    lstm = torch.nn.LSTM(i, h, layers).train()
    x = (torch.rand(steps, batch, i) * 2 - 1).requires_grad_()
    dy = torch.rand(steps, batch, h) * 2 - 1
    parameters = list(lstm.parameters())
    adam = torch.optim.Adam(parameters, lr=1e-5) if update else None

    def run():
        x.grad = None
        for p in parameters:
            p.grad = None
        y, _ = lstm(x)
        y.backward(dy)
        if adam:
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()

    # All of the named work is really done.
    before = parameters[0].detach().clone()
    run()
    assert x.grad.shape == x.shape and x.grad.abs().max() > 0
    assert all(p.grad.shape == p.shape and p.grad.abs().max() > 0 for p in parameters)
    assert bool((parameters[0] != before).any()) == update
    return run


WORK = {
    "infer_step": infer_step,
    "infer_seq": infer_seq,
    "train_fwdbwd": train_fwdbwd,
    "train_step": lambda *sizes: train_fwdbwd(*sizes, update=True),
}

for what, config in rows.read(options.filter):
    run = WORK[what](*config)
    if options.serve:
        rows.serve(PEER, run)
    else:
        rows.report(PEER, what, config, options.threads, *rows.time_it(run, options.budget))
