"""FCOS on a ResNet-18 in PyTorch."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, images

CENTRE_RADIUS, FARTHEST, PRIOR = 1.5, 8, 0.01


class Block(nn.Module):
    """Two convolutions beside a shortcut, which is one where the shape changes."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.shortcut(x) + self.branch(x))


class FCOS(nn.Module):
    """Logits, logarithms of distances in strides, and centerness of all places."""

    def __init__(self, num_classes: int, model: Mapping[str, Any]):
        super().__init__()
        filters, channels = model["encoder_filters"], model["channels"]
        self.num_levels = model["num_levels"]
        self.stem = nn.Sequential(
            nn.Conv2d(3, filters, 7, 2, 3, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )  # fmt: skip
        widths = [filters * 2**stage for stage in range(self.num_levels)]
        self.stages = nn.ModuleList(
            nn.Sequential(Block(before, after, 1 if before == after else 2), Block(after, after, 1))
            for before, after in zip([filters, *widths], widths)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, 1, 1) for _ in widths)

        def tower() -> nn.Module:
            layers = [
                layer
                for _ in range(model["head_layers"])
                for layer in (
                    nn.Conv2d(channels, channels, 3, 1, 1),
                    nn.GroupNorm(model["head_groups"], channels),
                    nn.ReLU(),
                )
            ]
            return nn.Sequential(*layers)

        self.of_classes, self.of_borders = tower(), tower()
        self.logits = nn.Conv2d(channels, num_classes, 3, 1, 1)
        self.distances = nn.Conv2d(channels, 4, 3, 1, 1)
        self.centerness = nn.Conv2d(channels, 1, 3, 1, 1)
        nn.init.constant_(self.logits.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.constant_(self.distances.bias, math.log(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, maps = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        levels: list[Tensor] = []
        for lateral, each in zip(reversed(self.lateral), reversed(maps)):
            level = lateral(each)
            levels.append(level + F.interpolate(levels[-1], scale_factor=2) if levels else level)
        found: list[list[Tensor]] = [[], [], []]
        for smooth, level in zip(self.smooth, reversed(levels)):
            level = smooth(level)
            classes, borders = self.of_classes(level), self.of_borders(level)
            maps_of_level = self.logits(classes), self.distances(borders), self.centerness(borders)
            for kept, each in zip(found, maps_of_level):
                kept.append(each.permute(0, 2, 3, 1).flatten(1, 2))
        logits, distances, centerness = (torch.cat(each, 1).float() for each in found)
        return logits, distances, centerness[..., 0]


def places(height: int, width: int, strides: list[int]) -> tuple[Tensor, Tensor]:
    """x and y [A, 2] in pixels, and the stride [A, 1]."""
    points, steps = [], []
    for stride in strides:
        rows, columns = math.ceil(height / stride), math.ceil(width / stride)
        y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
        points.append(stride * torch.stack([x, y], -1).reshape(-1, 2))
        steps.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(points), torch.cat(steps)


def fcos(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x, boxes = images(batch, "x"), torch.from_numpy(batch["boxes"])
    labels = torch.from_numpy(batch["classes"]).long()
    num_classes = int(labels.max()) + 1
    strides = [model["finest_stride"] * 2**level for level in range(model["num_levels"])]
    points, steps = places(*x.shape[2:], strides)
    low = torch.where(steps == strides[0], 0.0, FARTHEST * steps / 2)
    high = torch.where(steps == strides[-1], math.inf, FARTHEST * steps)
    network = FCOS(num_classes, model).to(memory_format=torch.channels_last)

    def loss() -> Tensor:
        logits, distances, centerness = network(x)
        there = boxes[:, None]
        to_borders = torch.cat(
            [points[:, None] - there[..., :2], there[..., 2:] - points[:, None]], -1
        )
        farthest = to_borders.amax(-1)
        off_centre = (points[:, None] - (there[..., :2] + there[..., 2:]) / 2).abs().amax(-1)
        suits = (to_borders.amin(-1) > 0) & (off_centre < CENTRE_RADIUS * steps)
        suits &= (farthest > low) & (farthest <= high) & (labels >= 0)[:, None]
        areas = torch.where(suits, areas_of(there), math.inf)
        chosen = areas.argmin(-1)
        is_object = suits.any(-1).float()
        own = to_borders.take_along_dim(chosen[..., None, None], 2)[:, :, 0].clamp(min=0)
        (left, top), (right, bottom) = own[..., :2].unbind(-1), own[..., 2:].unbind(-1)
        across = torch.minimum(left, right) / torch.maximum(left, right).clamp(min=1e-6)
        down = torch.minimum(top, bottom) / torch.maximum(top, bottom).clamp(min=1e-6)
        middle = (across * down + 1e-12).sqrt() * is_object
        of_class = labels.clamp(min=0).take_along_dim(chosen, 1)
        targets = F.one_hot(of_class, num_classes) * is_object[..., None]
        truth = boxes.take_along_dim(chosen[..., None], 1)
        pixels = steps * distances.clamp(max=6.0).exp()
        found = torch.cat([points - pixels[..., :2], points + pixels[..., 2:]], -1)
        overlap = (overlap_loss(found, truth) * middle).sum() / middle.sum().clamp(min=1e-6)
        entropy = F.binary_cross_entropy_with_logits(centerness, middle, reduction="none")
        number = is_object.sum().clamp(min=1)
        return focal(logits, targets) / number + overlap + (entropy * is_object).sum() / number

    adamw = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=1e-3, fused=True)
    return Training(network, loss, optimizer=adamw, clip_norm=1.0, **options).step


def focal(logits: Tensor, targets: Tensor) -> Tensor:
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    weight = 0.25 * targets + 0.75 * (1 - targets)
    return (weight * (1 - (-entropy).exp()) ** 2 * entropy).sum()


def areas_of(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def overlap_loss(boxes: Tensor, others: Tensor) -> Tensor:
    """One minus the generalized intersection over union."""
    low = torch.maximum(boxes[..., :2], others[..., :2])
    high = torch.minimum(boxes[..., 2:], others[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    union = (areas_of(boxes) + areas_of(others) - common).clamp(min=1e-6)
    hull = torch.maximum(boxes[..., 2:], others[..., 2:]) - torch.minimum(
        boxes[..., :2], others[..., :2]
    )
    around = hull.clamp(min=0).prod(-1).clamp(min=1e-6)
    return 1 - common / union + (around - union) / around
