"""The capsule network in PyTorch."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, images


def squash(vectors: Tensor) -> Tensor:
    lengths = vectors.norm(dim=-1, keepdim=True)
    return vectors * (lengths / (1 + lengths.square()))


class CapsuleNetwork(nn.Module):
    """As ours, gradients take the routing for given, and capsules are computed in float32."""

    def __init__(self, channels: int, side: int, num_classes: int, model: Mapping[str, Any]):
        super().__init__()
        self.size_below, self.iterations = model["primary_size"], model["routing_iterations"]
        primary, kernel = model["primary_channels"] * self.size_below, model["kernel_size"]
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, model["filters"], kernel, model["conv_stride"]), nn.ReLU(),
            nn.Conv2d(model["filters"], primary, kernel, model["primary_stride"]),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        for step in (model["conv_stride"], model["primary_stride"]):
            side = (side - kernel) // step + 1
        num_below = side * side * model["primary_channels"]
        shape = (num_below, self.size_below, num_classes * model["capsule_size"])
        self.matrices = nn.Parameter(0.1 * torch.randn(shape))
        self.num_classes = num_classes

    def forward(self, x: Tensor) -> Tensor:
        maps = self.convolutions(2 * x - 1)
        with torch.autocast("cpu", enabled=False):
            below = squash(maps.float().permute(0, 2, 3, 1).reshape(len(x), -1, self.size_below))
            products = torch.bmm(below.transpose(0, 1), self.matrices)
            predictions = products.unflatten(-1, (self.num_classes, -1)).permute(1, 2, 0, 3)
            settled = predictions.detach()
            agreement = torch.zeros_like(settled[..., 0])
            for _ in range(self.iterations - 1):
                capsules = self.weighted(settled, agreement)
                agreement = agreement + (settled @ capsules[..., None])[..., 0]
            return self.weighted(predictions, agreement)

    @staticmethod
    def weighted(predictions: Tensor, agreement: Tensor) -> Tensor:
        return squash((agreement.softmax(1)[:, :, None] @ predictions)[:, :, 0])


def capsule_network(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x = images(batch, "x")
    y = F.one_hot(torch.from_numpy(batch["y"]).long(), 10).float()
    encoder = CapsuleNetwork(x.shape[1], x.shape[2], 10, model)
    sizes = [10 * model["capsule_size"], *model["decoder_sizes"]]
    hidden: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        hidden += [nn.Linear(before, after), nn.ReLU()]
    decoder = nn.Sequential(*hidden, nn.Linear(sizes[-1], math.prod(x.shape[1:])), nn.Sigmoid())

    def loss() -> Tensor:
        capsules = encoder(x)
        lengths = capsules.norm(dim=-1)
        short, long = F.relu(0.9 - lengths).square(), F.relu(lengths - 0.1).square()
        margin = (y * short + 0.5 * (1 - y) * long).sum(1)
        drawn = decoder((capsules * y[..., None]).flatten(1)).float()
        errors = (drawn - x.flatten(1)).square().sum(1)
        return (margin + model["reconstruction_weight"] * errors).mean()

    return Training(nn.ModuleList([encoder, decoder]), loss, ema=True, **options).step
