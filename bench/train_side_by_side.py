#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times steps of training of effnet beside PyTorch's, by turns in one run, and compares the memory of the two processes.

    train_side_by_side.py EFFNET [NETWORK] [--size N] [--batch N] [--threads N] [--rounds N] [--runs N] [--recompute]

EFFNET is the command; NETWORK is timm's name for it (efficientnet_b0, tf_efficientnet_lite0, mobilenetv2_100, ...). Needs torch and
timm from PyPI. A step is forward, cross-entropy with label smoothing 0.1, backward and RMSprop with momentum, on random input that stays
in memory. PyTorch runs eagerly in float32 with channels_last, which is its faster layout for these networks on CPUs.

Printed for each: the least and the median step in ms, images a second in the least, and the most memory that was resident; then how many
times longer PyTorch takes and how many times more memory. In each round both make RUNS steps after one that does not count.
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
import time


def serve(network, batch, size, threads):
    """PyTorch as a process: reads how many steps to make, writes their times in ms and the peak of resident memory in bytes."""
    import timm
    import torch

    torch.set_num_threads(threads)
    net = timm.create_model(network).train().to(memory_format=torch.channels_last)
    images = torch.randn(batch, 3, size, size).to(memory_format=torch.channels_last)
    classes = torch.randint(0, 1000, (batch,))
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-4, momentum=0.9)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

    def step():
        optimizer.zero_grad()
        loss(net(images), classes).backward()
        optimizer.step()

    step()
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps([times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10]), flush=True)


def ask(torch, runs):
    torch.stdin.write(f"{runs}\n")
    torch.stdin.flush()
    return json.loads(torch.stdout.readline())


def race(a):
    command = [sys.executable, __file__, "--serve", a.network, str(a.batch), str(a.size), str(a.threads)]
    torch = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if torch.stdout.readline() != "ready\n":
        sys.exit("PyTorch could not start")
    bench = [a.effnet, "bench", "--train", "--arch", a.network, "--size", str(a.size), "--batch", str(a.batch)]
    bench += ["--threads", str(a.threads), "--warmup", "1", "--runs", str(a.runs), "--json", "-q"]
    bench += ["--recompute"] if a.recompute else []
    times, memory = {"PyTorch": [], "effnet": []}, {}
    for _ in range(a.rounds):
        ask(torch, 1)
        measured, memory["PyTorch"] = ask(torch, a.runs)
        times["PyTorch"] += measured
        report = json.loads(subprocess.run(bench, check=True, capture_output=True, text=True).stdout)
        times["effnet"] += report["times_ms"]
        memory["effnet"] = report["peak_rss_bytes"]
    torch.stdin.close()
    torch.wait()

    print(f"{a.network} {report['size']}, batch {a.batch}, {a.threads} thread(s), {report['cpu']}, {report['isa']}, {time.strftime('%F')}")
    for engine, measured in times.items():
        least, median = min(measured), statistics.median(measured)
        rate = 1e3 * a.batch / least
        print(f"{engine:8s} least {least:8.1f} ms  median {median:8.1f} ms  {rate:7.1f} images/s  {1e-6 * memory[engine]:7.1f} MB")
    faster = min(times["PyTorch"]) / min(times["effnet"])
    print(f"PyTorch / effnet: time {faster:.2f}, memory {memory['PyTorch'] / memory['effnet']:.2f}")


def main():
    if sys.argv[1:2] == ["--serve"]:
        return serve(sys.argv[2], *map(int, sys.argv[3:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("effnet")
    parser.add_argument("network", nargs="?", default="efficientnet_b0")
    for name, default in {"size": 224, "batch": 16, "threads": 2, "rounds": 6, "runs": 3}.items():
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--recompute", action="store_true")
    race(parser.parse_intermixed_args())


if __name__ == "__main__":
    main()
