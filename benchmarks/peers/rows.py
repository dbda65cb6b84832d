"""The rows of `compare`, their names, and how one is timed: what the scripts in this folder share."""
import json
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE_SECONDS = 0.01
FEWEST_SAMPLES = 5
KINDS = {"infer_step": "infer_step", "infer_seq": "infer_seq", "train_fwdbwd": "train", "train_step": "train"}


def read(pattern=""):
    """(what, [I, H, L, B, T]) of each row whose "what config" matches."""
    with open(os.path.join(HERE, "..", "Lstm.Benchmarks", "configs.json"), encoding="utf-8") as file:
        lists = json.load(file)
    return [(what, config) for what, kind in KINDS.items() for config in lists[kind] if re.search(pattern, f"{what} {name(config)}")]


def name(config):
    return "_".join(letter + str(size) for letter, size in zip("IHLBT", config))


def flops(what, config):
    """2·4·H·(I_l + H) for each token and layer; backward is twice the forward."""
    i, h, layers, batch, steps = config
    forward = sum(8 * h * ((i if layer == 0 else h) + h) for layer in range(layers)) * batch * steps
    return 3 * forward if what.startswith("train") else forward


def time_it(run, budget):
    """Seconds of each sample's iterations, the number of iterations, and processor time over wall time."""
    inner = 1
    while sample(run, inner) * inner < SAMPLE_SECONDS:
        inner *= 2
    start = time.perf_counter()
    while time.perf_counter() - start < budget / 4:
        sample(run, inner)
    samples = []
    start, cpu = time.perf_counter(), time.process_time()
    while len(samples) < FEWEST_SAMPLES or time.perf_counter() - start < budget:
        samples.append(sample(run, inner))
    share = (time.process_time() - cpu) / (time.perf_counter() - start)
    return samples, len(samples) * inner, share


def sample(run, inner):
    start = time.perf_counter()
    for _ in range(inner):
        run()
    return (time.perf_counter() - start) / inner


def serve(peer, run):
    """Answers each number of iterations on the input with the seconds they took; an eighth as many go before, untimed."""
    print(peer, flush=True)
    for line in iter(sys.stdin.readline, ""):
        iterations = int(line)
        for _ in range(iterations // 8):
            run()
        print(repr(sample(run, iterations) * iterations), flush=True)


def report(peer, what, config, threads, samples, n, share):
    median = statistics.median(samples)
    print(json.dumps({
        "peer": peer, "config": name(config), "what": what,
        "median_us": round(median * 1e6, 3), "min_us": round(min(samples) * 1e6, 3), "n": n,
        "gflops": round(flops(what, config) / median / 1e9, 2), "threads": threads, "cpu": round(share / threads, 3),
    }), flush=True)
