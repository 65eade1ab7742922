"""ResNet-20 in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, classifier, images


class Block(nn.Module):
    """Two convolutions beside the shortcut without parameters."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.stride, self.added = stride, after - before
        self.branch = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        skipped = x
        if self.added:
            skipped = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(skipped + self.branch(x))


class Contrast(nn.Module):
    """A network on pixels from -1 to 1, given those from 0 to 1."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(2 * x - 1)


def resnet20(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x, filters = images(batch, "x"), model["filters"]
    layers: list[nn.Module] = [
        nn.Conv2d(x.shape[1], filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters),
        nn.ReLU(),
    ]  # fmt: skip
    before = filters
    for stage in range(3):
        after = filters * 2**stage
        for number in range((model["depth"] - 2) // 6):
            layers.append(Block(before, after, 2 if stage and not number else 1))
            before = after
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))
    network = Contrast(body).to(memory_format=torch.channels_last)
    sgd = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, fused=True)
    return classifier(network, x, batch, optimizer=sgd, **options)
