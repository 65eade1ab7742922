"""One training step in PyTorch, in each of its forms."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

Batch = Mapping[str, np.ndarray]
Step = Callable[[], Any]


class Training:
    """One network with its loss and optimizer, in the precision and mode asked for."""

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[..., Tensor],
        *,
        bfloat16: bool,
        compiled: bool,
        ema: bool = False,
        clip_norm: float | None = None,
        optimizer: torch.optim.Optimizer | None = None,
    ):
        self.network = network.train()
        self.clip_norm = clip_norm
        self.bfloat16 = bfloat16
        self.parameters = list(network.parameters())
        self.optimizer = optimizer or torch.optim.Adam(self.parameters, 1e-3, fused=True)
        self.averages = [p.detach().clone() for p in self.parameters] if ema else []
        self.loss = torch.compile(loss) if compiled else loss

    def step(self, *inputs: Any) -> Tensor:
        """One update; returns the loss."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            loss = self.loss(*inputs)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.optimizer.step()
        if self.averages:
            with torch.no_grad():
                torch._foreach_lerp_(self.averages, self.parameters, 0.001)
        return loss.detach()


def images(batch: Batch, name: str) -> Tensor:
    """The images [N, H, W, C] of a batch as [N, C, H, W] in channels-last order."""
    return torch.from_numpy(np.moveaxis(batch[name], -1, 1).copy()).contiguous(
        memory_format=torch.channels_last
    )


def classifier(network: nn.Module, x: Tensor, batch: Batch, **options: Any) -> Step:
    """The step of any network with logits and the cross-entropy."""
    y = torch.from_numpy(batch["y"]).long()
    training = Training(network, lambda: F.cross_entropy(network(x).float(), y), **options)
    return training.step
