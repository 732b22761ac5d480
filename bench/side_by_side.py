#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times effnet beside other engines: the same network, weights and input, by turns in one run, a process for each.

    side_by_side.py EFFNET [NETWORK] [--size N] [--batch N] [--threads N] [--rounds N] [--runs N]

EFFNET is the command; NETWORK is timm's name for it (efficientnet_b0, tf_efficientnet_lite0, mobilenetv2_100, ...). Needs
torch, timm, onnx and onnxruntime from PyPI; openvino, and ncnn with pnnx, take part where they are installed. EFFNET_CPU=avx2
chooses effnet's kernels.

Printed for each: the least and the median latency in ms; then how many times longer the fastest of the others takes than effnet, and
how far effnet's logits are from ONNX Runtime's. Weights are random, batch norm has the statistics of real activations. In each round
every engine makes RUNS passes after the other, and effnet is a new process each time, so that whatever slows the machine down slows all.

Where the collection of peers at ../shared/peers is at hand and has the network, its race.py is run instead: it knows more engines.
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared/peers/race.py")
PEERS_MODELS = {"efficientnet_b0": "tv_b0", "tf_efficientnet_lite0": "timm_lite0", "mobilenetv2_100": "tv_mobilenet_v2"}


def make_models(path, network, size):
    """PATH.pth, PATH.onnx and, with pnnx, PATH.ncnn.param and PATH.ncnn.bin: the same weights in each."""
    import timm
    import torch

    warnings.simplefilter("ignore", DeprecationWarning)  # the exporter's, of itself
    torch.manual_seed(1)
    net = timm.create_model(network, exportable=True).train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain average over all batches
            torch.nn.init.uniform_(module.weight, 0.7, 1.3)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    with torch.no_grad():
        for _ in range(2):
            net(torch.randn(8, 3, 192, 192))
    torch.save(net.eval().state_dict(), path + ".pth")
    image = torch.randn(1, 3, size, size)
    torch.onnx.export(net, (image,), path + ".onnx", dynamo=False, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
    if installed("pnnx"):
        pnnx = os.path.join(sysconfig.get_path("scripts"), "pnnx")
        subprocess.run([pnnx, path + ".onnx", f"inputshape=[1,3,{size},{size}]"], capture_output=True)


def installed(module):
    return importlib.util.find_spec(module) is not None


# ---- The others: each a function that makes a function from the images to the logits


def onnxruntime(path, x, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path + ".onnx", options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def openvino(path, x, threads):
    import openvino

    core = openvino.Core()
    net = core.read_model(path + ".onnx")
    net.reshape({"x": list(x.shape)})
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(net, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(x))

    def run():
        request.infer()
        return request.get_output_tensor().data

    return run


def ncnn(path, x, threads):
    import ncnn
    import numpy

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = net.opt.use_bf16_storage = False
    if net.load_param(path + ".ncnn.param") or net.load_model(path + ".ncnn.bin"):
        sys.exit("no model")

    def run_one(image):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(image))
        return numpy.array(extractor.extract("out0")[1])

    return lambda: numpy.stack([run_one(image) for image in x])


def serve(engine, path, threads):
    """One of the others as a process: reads how many passes to make, writes their times in ms."""
    import numpy

    run = globals()[engine](path, numpy.load(path + ".x.npy"), threads)
    numpy.save(f"{path}.{engine}.npy", run())
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), flush=True)


class Other:
    def __init__(self, engine, path, threads):
        command = [sys.executable, __file__, "--serve", engine, path, str(threads)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        while line and line != "ready\n":
            line = self.process.stdout.readline()
        self.runs = bool(line)

    def times(self, runs):
        self.process.stdin.write(f"{runs}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


# ---- The race


def effnet(a, *words):
    result = subprocess.run([a.effnet, *words], check=True, capture_output=True, text=True)
    return result.stdout


def race(a, path):
    import numpy

    make_models(path, a.network, a.size)
    numpy.save(path + ".x.npy", numpy.random.default_rng(0).standard_normal((a.batch, 3, a.size, a.size)).astype("f4"))
    others = {}
    for engine in ("onnxruntime", "openvino", "ncnn"):
        if installed(engine):
            other = Other(engine, path, a.threads)
            if other.runs:
                others[engine] = other
    model = ["-m", path + ".pth", "--arch", a.network, "--threads", str(a.threads)]
    bench = ["bench", *model, "--size", str(a.size), "--batch", str(a.batch), "--runs", str(a.runs), "--json"]
    times = {engine: [] for engine in [*others, "effnet"]}
    for _ in range(a.rounds):
        for engine, other in others.items():
            time.sleep(0.03)  # threads of the one before may still be spinning
            times[engine].append(other.times(a.runs))
        time.sleep(0.03)
        report = json.loads(effnet(a, *bench))
        times["effnet"].append(report["times_ms"])

    print(f"{a.network} {report['size']}, batch {a.batch}, {a.threads} thread(s), {report['cpu']}, {report['isa']}, {time.strftime('%F')}")
    least = {engine: min(map(min, rounds)) for engine, rounds in times.items()}
    median = {engine: statistics.median(map(statistics.median, rounds)) for engine, rounds in times.items()}
    for engine in times:
        print(f"{engine:12s} least {least[engine]:9.2f} ms  median {median[engine]:9.2f} ms")
    if others:
        ratios = [min(t[engine] for engine in others) / t["effnet"] for t in (least, median)]
        print("fastest of the others / effnet: %.2f least, %.2f median" % tuple(ratios))
    if "onnxruntime" in others:
        effnet(a, "run", *model, "--input", path + ".x.npy", "-o", path + ".y.npy")
        want, got = numpy.load(path + ".onnxruntime.npy"), numpy.load(path + ".y.npy")
        print("logits: off by %.2g of %.2g at most" % (abs(got - want).max(), abs(want).max()))


def main():
    if sys.argv[1:2] == ["--serve"]:
        return serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("effnet")
    parser.add_argument("network", nargs="?", default="efficientnet_b0")
    for name, default in {"size": 224, "batch": 1, "threads": 1, "rounds": 8, "runs": 20}.items():
        parser.add_argument("--" + name, type=int, default=default)
    a = parser.parse_intermixed_args()
    if os.path.exists(PEERS) and a.network in PEERS_MODELS and "PEERS" in os.environ:
        words = [PEERS_MODELS[a.network], a.size, a.batch, a.threads, "--rounds", a.rounds, "--runs", a.runs, "--effnet", a.effnet]
        os.execv(sys.executable, [sys.executable, PEERS, *map(str, words)])
    with tempfile.TemporaryDirectory() as folder:
        race(a, os.path.join(folder, "model"))


if __name__ == "__main__":
    main()
