"""Writes torch_optimisers.json: parameters after each of 6 steps of torch's Adam variants on fixed gradients,
and torch's averaged weights. Run with any torch >= 2: python torch_optimisers.py > torch_optimisers.json"""
import json

import torch

START = [0.5, -1.25, 2.0]
GRADIENTS = [[0.3, -0.2, 1e-3], [0.1, 0.4, -5.0], [-0.25, 0.4, 0.0], [0.0, -2.0, 0.02], [0.7, 0.1, -0.3], [1e-6, 0.05, 0.9]]
LR = 0.03
CASES = {
    "adam": (torch.optim.Adam, {}),
    "adam_decay": (torch.optim.Adam, {"weight_decay": 0.1}),
    "adamw_decay": (torch.optim.AdamW, {"weight_decay": 0.1}),
    "amsgrad": (torch.optim.AdamW, {"weight_decay": 0.0, "amsgrad": True}),
    "betas": (torch.optim.AdamW, {"weight_decay": 0.02, "betas": (0.8, 0.95), "eps": 1e-4, "amsgrad": True}),
}


def trajectory(make, options):
    parameter = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimiser = make([parameter], lr=LR, **options)
    steps = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        optimiser.step()
        steps.append(parameter.detach().tolist())
    return steps


def averaged(decay):
    module = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    average = torch.optim.swa_utils.AveragedModel(module, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay))
    steps = []
    for gradient in GRADIENTS:
        with torch.no_grad():
            module.weight.copy_(torch.tensor([gradient], dtype=torch.float64))
        average.update_parameters(module)
        steps.append(average.module.weight.detach()[0].tolist())
    return steps


def clipped(most):
    parameter = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    parameter.grad = torch.tensor(GRADIENTS[1], dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([parameter], most)
    return {"norm": float(norm), "gradient": parameter.grad.tolist()}


print(json.dumps({"torch": torch.__version__, "start": START, "gradients": GRADIENTS, "lr": LR,
                  "cases": {name: trajectory(make, options) for name, (make, options) in CASES.items()},
                  "ema_0.9": averaged(0.9), "clip_1.5": clipped(1.5)}, indent=1))
