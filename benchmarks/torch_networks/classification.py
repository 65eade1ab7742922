"""Perceptron, MLP and LeNet-5 in PyTorch."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, classifier, images


def mlp(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    sizes = [math.prod(batch["x"].shape[1:]), *model["widths"]]
    hidden: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        hidden += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(model["dropout"])]
    network = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], 10))
    return classifier(network, torch.from_numpy(batch["x"]), batch, **options)


def perceptron(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    network = nn.Linear(math.prod(batch["x"].shape[1:]), 10)
    x = torch.from_numpy(batch["x"]).flatten(1)
    y = F.one_hot(torch.from_numpy(batch["y"]).long(), 10).float()

    def change() -> Tensor:
        net = network(x)
        errors = (net > 0).float() - y
        return (errors.detach() * net).sum() / len(x)

    sgd = torch.optim.SGD(network.parameters(), 0.1, fused=True)
    return Training(network, change, optimizer=sgd, ema=True, **options).step


def lenet5(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    modern = model.get("modern", False)

    def convolution(before: int, after: int) -> list[nn.Module]:
        normalization = [nn.BatchNorm2d(after)] if model.get("batch_normalization") else []
        return [nn.Conv2d(before, after, 5), *normalization, nn.ReLU() if modern else nn.Tanh()]

    def pool() -> nn.Module:
        return nn.MaxPool2d(2) if modern else nn.AvgPool2d(2)

    def dropout() -> list[nn.Module]:
        return [nn.Dropout(model["dropout"])] if modern else []

    network = nn.Sequential(
        nn.ZeroPad2d(2), *convolution(1, 6), pool(), *convolution(6, 16), pool(),
        *convolution(16, 120), nn.Flatten(), *dropout(), nn.Linear(120, 84),
        nn.ReLU() if modern else nn.Tanh(), *dropout(), nn.Linear(84, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    return classifier(network, images(batch, "x"), batch, ema=modern, **options)
