#!/usr/bin/env python3
"""Writes tests/fixtures/nn/adam.txt: steps of torch.optim.Adam in double, for tests/nn/adam.cpp. Needs PyTorch."""
import pathlib

import torch

to = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "nn" / "adam.txt"
to.parent.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1)


def line(key, values):
    return f"{key} {len(values)} " + " ".join(repr(v) for v in values)


lines = []
for name, learning_rate, betas in (("recipe", 0.005, (0.5, 0.999)), ("defaults", 0.001, (0.9, 0.999))):
    value = torch.randn(5, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([value], lr=learning_rate, betas=betas)
    lines += [f"case {name}", line("settings", [learning_rate, *betas]), line("start", value.tolist())]
    gradients, values = [], []
    for step in range(6):
        gradient = torch.randn(5, dtype=torch.float64) * 10.0 ** torch.tensor([0, -2, -6, 2, 0])
        gradient[4] = 0 if step < 3 else gradient[4]
        value.grad = gradient
        adam.step()
        gradients += gradient.tolist()
        values += value.tolist()
    lines += [line("gradients", gradients), line("values", values)]
to.write_text("\n".join(lines) + "\n")
