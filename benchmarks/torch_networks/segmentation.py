"""U-Net in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, images


class UNet(nn.Module):
    def __init__(self, channels: int, num_classes: int, filters: int, depth: int):
        super().__init__()

        def block(before: int, after: int) -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1), nn.ReLU(),
                nn.Conv2d(after, after, 3, padding=1), nn.ReLU(),
            )  # fmt: skip

        widths = [filters * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(map(block, [channels, *widths], widths))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * width, width, 2, 2) for width in widths[-2::-1]
        )
        self.joined = nn.ModuleList(block(2 * width, width) for width in widths[-2::-1])
        self.scores = nn.Conv2d(filters, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skipped = []
        for block in self.down[:-1]:
            skipped.append(block(x))
            x = F.max_pool2d(skipped[-1], 2)
        x = self.down[-1](x)
        for up, joined in zip(self.up, self.joined):
            x = joined(torch.cat([skipped.pop(), up(x)], 1))
        return self.scores(x)


def unet(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x, y = images(batch, "x"), torch.from_numpy(batch["y"]).long()
    network = UNet(x.shape[1], int(y.max()) + 1, model["filters"], model["depth"])
    network.to(memory_format=torch.channels_last)
    return Training(network, lambda: F.cross_entropy(network(x).float(), y), **options).step
