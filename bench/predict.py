#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what `effnet bench --predict` is off by, as the tables of docs/performance.md: time and memory that are told for a network without
running it beside those of a run.

    predict.py EFFNET [--threads 1,2] [--cpu LEVEL] [--rounds N] [--unlike NETWORK,...] [NETWORK|FILE.json...]

Three networks of nobody's are added to those given: one without squeeze-and-excitation, one narrow and deep, one wide and flat. Parts are
measured anew in each round; times told and taken are the least of all rounds. With --unlike, only the parts of those networks are
measured, and the column "unmeasured" is what was told for the others before theirs were.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

NETWORKS = [f"efficientnet-b{i}" for i in range(5)] + ["efficientnet-lite0", "mobilenet-v2"]
CUSTOM = {
    "plain": {"blocks": ["r1_k3_s11_e1_i24_o24", "r3_k3_s22_e4_i24_o48", "r4_k3_s22_e4_i48_o96", "r5_k5_s22_e4_i96_o192",
                         "r2_k3_s22_e6_i192_o384"],
              "stem": {"filters": 24}, "head": {"filters": 1024}, "activation": "relu6", "num_classes": 1000, "size": 256},
    "narrow-deep": {"base": "efficientnet-b0", "width": 0.75, "depth": 2.5, "size": 352},
    "wide-flat": {"base": "efficientnet-b0", "width": 1.7, "depth": 0.5, "size": 192},
}


def bench(network, threads, *options):
    command = [a.effnet, "bench", network, "--threads", threads, "--json", "-q", *options, *(["--cpu", a.cpu] if a.cpu else [])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def least(report, known):
    told, taken = report["predicted"], known["predicted"]
    taken["ms"] = min(taken["ms"], told["ms"])
    known["min_ms"] = min(known["min_ms"], report["min_ms"])


def percent(told, taken):
    return f"{100 * (told / taken - 1):+.1f} %"


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("effnet")
parser.add_argument("networks", nargs="*", default=NETWORKS)
parser.add_argument("--threads", default="1,2")
parser.add_argument("--cpu")
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--unlike")
a = parser.parse_intermixed_args()
a.effnet = os.path.abspath(a.effnet)
with tempfile.TemporaryDirectory() as folder:
    environment = {**os.environ, "XDG_CACHE_HOME": folder}
    os.chdir(folder)
    for name, network in CUSTOM.items():
        with open(name + ".json", "w") as file:
            json.dump({"name": name, **network}, file)
    rows = {}
    for threads in a.threads.split(","):
        known = a.unlike.split(",") if a.unlike else []
        for network in known:
            bench(network, threads, "--predict")
        cache = {n: open(os.path.join("effnet", n)).read() for n in os.listdir("effnet")} if known else {}
        for network in [n for n in [*a.networks, *(n + ".json" for n in CUSTOM)] if n not in known]:
            for _ in range(a.rounds):
                for name, text in cache.items():  # as it was before other networks were measured
                    with open(os.path.join("effnet", name), "w") as file:
                        file.write(text)
                report = bench(network, threads, "--predict" if known else "--afresh")
                least(report, rows.setdefault((network, threads), report))
print(f"{report['cpu']}, {report['isa']}, {time.strftime('%F')}\n")
unmeasured = " unmeasured, ms | off by |" if a.unlike else ""
print(f"| network | size | threads | told, ms | taken, ms | off by |{unmeasured} told, MB | taken, MB | off by |")
print("|---" * (9 + 2 * bool(a.unlike)) + "|")
for (network, threads), r in rows.items():
    p = r["predicted"]
    told = f" {p['unmeasured_ms']:.2f} | {percent(p['unmeasured_ms'], r['min_ms'])} |" if a.unlike else ""
    print(f"| {r['network']} | {r['size']} | {threads} | {p['ms']:.2f} | {r['min_ms']:.2f} | {percent(p['ms'], r['min_ms'])} |{told} "
          f"{p['memory_bytes'] / 1e6:.1f} | {p['grown_bytes'] / 1e6:.1f} | {percent(p['memory_bytes'], p['grown_bytes'])} |")
