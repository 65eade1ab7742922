"""U-Net in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, images

DICE_WEIGHT = 0.5
"""As in `shapes_unet`."""


class UNet(nn.Module):
    def __init__(
        self, channels: int, num_classes: int, filters: int, depth: int, is_normalized: bool
    ):
        super().__init__()

        def convolved(before: int, after: int) -> list[nn.Module]:
            normalization = [nn.BatchNorm2d(after)] if is_normalized else []
            convolution = nn.Conv2d(before, after, 3, padding=1, bias=not is_normalized)
            return [convolution, *normalization, nn.ReLU()]

        def block(before: int, after: int) -> nn.Module:
            return nn.Sequential(*convolved(before, after), *convolved(after, after))

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
    network = UNet(
        x.shape[1],
        int(y.max()) + 1,
        model["filters"],
        model["depth"],
        model["batch_normalization"],
    )
    network.to(memory_format=torch.channels_last)
    target = F.one_hot(y).movedim(-1, 1).float()
    present = target.amax((2, 3))

    def loss() -> Tensor:
        scores = network(x).float()
        probabilities = scores.softmax(1)
        common = (probabilities * target).sum((2, 3))
        dice = 2 * common / (probabilities.square() + target).sum((2, 3))
        of_image = (dice * present).sum(1) / present.sum(1)
        return F.cross_entropy(scores, y) + DICE_WEIGHT * (1 - of_image).mean()

    return Training(network, loss, **options).step
