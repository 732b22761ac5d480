#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/unit/update_goldens.h: losses, their gradients and steps of optimisers as PyTorch and timm have them.

    scripts/make_update_goldens.py > tests/unit/update_goldens.h

Needs torch and timm. Losses are computed in double, optimisers step in float32, as they are used.
"""
import torch
import torch.nn.functional as F
from timm.optim import RMSpropTF

N, K, STEPS, DECAYING, PLAIN = 4, 6, 7, 11, 5


def emit(name, tensor):
    values = tensor.detach().double().flatten().tolist()
    print(f"static const double {name}[] = {{")
    for i in range(0, len(values), 4):
        print("    " + ", ".join(v.hex() for v in values[i:i + 4]) + ",")
    print("};")


def loss(name, logits, function):
    x = logits.clone().requires_grad_()
    value = function(x)
    value.backward()
    emit(f"golden_{name}", torch.cat([value.reshape(1), x.grad.flatten()]))


def losses():
    logits = (torch.randn(N, K, generator=g) * 3).float().double()
    soft = torch.softmax(torch.randn(N, K, generator=g) * 2, 1).float().double()
    many = (torch.rand(N, K, generator=g) < 0.4).double()
    numbers = (torch.randn(N, K, generator=g) * 2).float().double()
    weights = (torch.rand(K, generator=g) + 0.5).float().double()
    share = torch.tensor([0.75, 1.0, 0.5, 0.125]).double()
    first, second = torch.tensor([0, 5, 2, 3]), torch.tensor([4, 5, 1, 3])
    for name, value in [("logits", logits), ("soft", soft), ("many", many), ("numbers", numbers),
                        ("weights", weights), ("shares", share)]:
        emit(f"golden_{name}", value)
    hot = F.one_hot(first, K).double()
    mixed = share[:, None] * hot + (1 - share)[:, None] * F.one_hot(second, K).double()
    loss("plain", logits, lambda x: F.cross_entropy(x, first))
    loss("smooth", logits, lambda x: F.cross_entropy(x, first, label_smoothing=0.1))
    loss("weighted_classes", logits, lambda x: F.cross_entropy(x, first, weights))
    loss("weighted_smooth", logits, lambda x: F.cross_entropy(x, first, weights, label_smoothing=0.1))
    loss("weighted_mixed", logits, lambda x: F.cross_entropy(x, mixed, weights, label_smoothing=0.1, reduction="sum")
         / (mixed * weights).sum())
    loss("soft_targets", logits, lambda x: F.cross_entropy(x, soft))
    loss("mixed", logits, lambda x: F.cross_entropy(x, mixed, label_smoothing=0.1))
    loss("sigmoid", logits, lambda x: F.binary_cross_entropy_with_logits(x, many))
    loss("sigmoid_weighted", logits,
         lambda x: F.binary_cross_entropy_with_logits(x, many * 0.8 + 0.1, weight=weights.expand(N, K)))
    loss("squared", logits, lambda x: F.mse_loss(x, numbers))


def optimisers():
    start = torch.randn(DECAYING + PLAIN, generator=g)
    gradients = torch.randn(STEPS, DECAYING + PLAIN, generator=g)
    emit("golden_start", start)
    emit("golden_gradients", gradients)
    made = {
        "rmsprop": lambda p: RMSpropTF(p, lr=0.05, alpha=0.9, eps=1e-3, momentum=0.9),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.05),
    }
    for name, make in made.items():
        a, b = start[:DECAYING].clone().requires_grad_(), start[DECAYING:].clone().requires_grad_()
        optimiser = make([{"params": [a], "weight_decay": 0.01}, {"params": [b], "weight_decay": 0.0}])
        for step in range(STEPS):
            a.grad, b.grad = gradients[step, :DECAYING].clone(), gradients[step, DECAYING:].clone()
            # Schedules change the rate between steps: it matters where in the formula it stands.
            for group in optimiser.param_groups:
                group["lr"] = 0.05 / (1 + step)
            optimiser.step()
        emit(f"golden_{name}", torch.cat([a, b]))


g = torch.Generator().manual_seed(1)
print(f"""/* SPDX-License-Identifier: Apache-2.0
 *
 * Made by scripts/make_update_goldens.py with PyTorch {torch.__version__.split("+")[0]} and timm: losses with their
 * gradients behind them, weights after some steps of optimisers. Not formatted by hand.
 */
/* clang-format off */
enum {{ GOLDEN_IMAGES = {N}, GOLDEN_OUTPUTS = {K}, GOLDEN_STEPS = {STEPS}, GOLDEN_DECAYING = {DECAYING}, GOLDEN_PLAIN = {PLAIN} }};""")
losses()
optimisers()
