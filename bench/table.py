#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of docs/performance.md for this machine: `effnet bench` over networks, levels and numbers of threads.

    table.py EFFNET [--levels avx512,avx2] [--threads 1,2] [--rounds N] [NETWORK[:BATCH]...]

Weights are fresh ones, written to a float32 safetensors file first, so that the time to the first result is that of a real model. Rounds
go over all rows in turn, a new process for each figure, and the least of all rounds is printed: close other work, and what is left of
it cannot spoil a row.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

NETWORKS = ["efficientnet-b0", "efficientnet-b0:16", "efficientnet-lite0", "mobilenet-v2", "efficientnet-b4", "efficientnet-b7"]


def effnet(*words):
    return subprocess.run([a.effnet, *map(str, words)], check=True, capture_output=True, text=True).stdout


def bench(network, batch, level, threads):
    weights = os.path.join(folder, network + ".safetensors")
    if not os.path.exists(weights):
        effnet("init", network, "-o", weights)
    return json.loads(effnet("bench", weights, "--batch", batch, "--cpu", level, "--threads", threads, "--json"))


def print_row(network, batch, level, reports):
    first = reports[0]
    times = " / ".join("%.2f" % (r["min_ms"] / batch) for r in reports)
    shares = " / ".join("%.0f %%" % (100 * r["fraction_of_peak"]) for r in reports)
    faster = " / ".join("%.2f" % (first["min_ms"] / r["min_ms"]) for r in reports[1:])
    ready = " / ".join("%.0f" % r["ready_ms"] for r in reports)
    memory = max(r["peak_rss_bytes"] for r in reports) / 1e6
    print(f"| {network} | {first['size']} | {batch} | {level} | {times} | {shares} | {faster} | {ready} | {memory:.0f} |")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("effnet")
parser.add_argument("networks", nargs="*", default=NETWORKS)
parser.add_argument("--levels", default="avx512,avx2")
parser.add_argument("--threads", default="1,2")
parser.add_argument("--rounds", type=int, default=3)
a = parser.parse_intermixed_args()
threads, levels = a.threads.split(","), a.levels.split(",")
rows = [(n.partition(":")[0], int(n.partition(":")[2] or 1), level) for n in a.networks for level in levels]
least = {}
with tempfile.TemporaryDirectory() as folder:
    for _ in range(a.rounds):
        for row in rows:
            for t in threads:
                report = bench(*row, t)
                known = least.setdefault((row, t), report)
                for figure in ("min_ms", "ready_ms"):
                    known[figure] = min(known[figure], report[figure])
                known["fraction_of_peak"] = max(known["fraction_of_peak"], report["fraction_of_peak"])
peaks = ", ".join("%s %.1f" % (level, max(r["fma_peak_gflops"] for (row, t), r in least.items() if row[2] == level and t == threads[0]))
                  for level in levels)
print(f"{report['cpu']}, {time.strftime('%F')}; {threads[0]} thread(s), multiply-adds alone, GFLOP/s: {peaks}\n")
over = " / ".join(threads)
print(f"| network | size | batch | kernels | ms an image, {over} threads | share of the peak, {over} | {' / '.join(threads[1:])} threads, "
      f"times faster | ready, ms, {over} | memory, MB |")
print("|---" * 9 + "|")
for row in rows:
    print_row(*row, [least[row, t] for t in threads])
