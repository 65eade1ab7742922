"""Autoencoders, the restricted Boltzmann machine and the DCGAN in PyTorch."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training, images


class BoltzmannMachine(nn.Module):
    def __init__(self, num_visible: int, num_hidden: int):
        super().__init__()
        self.kernel = nn.Parameter(0.01 * torch.randn(num_visible, num_hidden))
        self.visible_bias = nn.Parameter(torch.zeros(num_visible))
        self.hidden_bias = nn.Parameter(torch.zeros(num_hidden))

    def hidden_input(self, visible: Tensor) -> Tensor:
        return visible @ self.kernel + self.hidden_bias

    def visible_input(self, hidden: Tensor) -> Tensor:
        return hidden @ self.kernel.T + self.visible_bias

    def free_energy(self, visible: Tensor) -> Tensor:
        return -visible @ self.visible_bias - F.softplus(self.hidden_input(visible)).sum(1)


def rbm(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    visible = torch.from_numpy(batch["x"]).flatten(1)
    machine = BoltzmannMachine(visible.shape[1], model["num_hidden"])

    def contrast() -> Tensor:
        with torch.no_grad():
            hidden = torch.sigmoid(machine.hidden_input(visible)).bernoulli()
            imagined = torch.sigmoid(machine.visible_input(hidden)).bernoulli()
            given_back = machine.visible_input(torch.sigmoid(machine.hidden_input(visible)))
            F.binary_cross_entropy_with_logits(given_back, visible)
        return machine.free_energy(visible).mean() - machine.free_energy(imagined).mean()

    sgd = torch.optim.SGD(machine.parameters(), 0.05, momentum=0.9, fused=True)
    return Training(machine, contrast, optimizer=sgd, **options).step


def variational_autoencoder(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x = torch.from_numpy(batch["x"]).flatten(1)
    size, latent = x.shape[1], model["latent_size"]

    def hidden(sizes: list[int]) -> list[nn.Module]:
        return [m for a, b in itertools.pairwise(sizes) for m in (nn.Linear(a, b), nn.ReLU())]

    widths = model["hidden_sizes"]
    encoder = nn.Sequential(*hidden([size, *widths]), nn.Linear(widths[-1], 2 * latent))
    decoder = nn.Sequential(*hidden([latent, *widths[::-1]]), nn.Linear(widths[0], size))

    def loss() -> Tensor:
        mean, log_variance = encoder(x).float().chunk(2, 1)
        logits = decoder(mean + (log_variance / 2).exp() * torch.randn_like(mean)).float()
        likelihood = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        return (likelihood + divergence) / len(x)

    return Training(nn.ModuleList([encoder, decoder]), loss, ema=True, **options).step


def _halving(filters: list[int], kernel_size: int) -> Iterator[nn.Module]:
    for before, after in zip([1, *filters], filters):
        yield nn.Conv2d(before, after, kernel_size, 2, (kernel_size - 1) // 2)


def _doubling(filters: list[int], kernel_size: int) -> Iterator[nn.Module]:
    for before, after in zip(filters, [*filters[1:], 1]):
        yield nn.ConvTranspose2d(
            before, after, kernel_size, 2, (kernel_size - 1) // 2, kernel_size % 2
        )


def convolutional_autoencoder(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    x, filters, latent = images(batch, "x"), model["filters"], model["latent_size"]
    down = [m for c in _halving(filters, 3) for m in (c, nn.ReLU())]
    up = [m for c in _doubling(filters[::-1], 3) for m in (c, nn.ReLU())][:-1]
    size = 49 * filters[-1]
    network = nn.Sequential(
        *down, nn.Flatten(), nn.Linear(size, latent), nn.BatchNorm1d(latent, affine=False),
        nn.Linear(latent, size), nn.ReLU(), nn.Unflatten(1, (filters[-1], 7, 7)), *up,
    ).to(memory_format=torch.channels_last)  # fmt: skip

    def loss() -> Tensor:
        return F.binary_cross_entropy_with_logits(network(x).float(), x, reduction="sum") / len(x)

    return Training(network, loss, **options).step


def dcgan(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    real, filters, latent = images(batch, "x"), model["filters"], model["latent_size"]
    kernel_size = model["kernel_size"]
    size = 49 * filters[-1]
    up, down = _doubling(filters[::-1], kernel_size), _halving(filters, kernel_size)
    first, last = next(up), next(up)
    generator = nn.Sequential(
        nn.Linear(latent, size), nn.Unflatten(1, (filters[-1], 7, 7)),
        nn.BatchNorm2d(filters[-1]), nn.ReLU(), first, nn.BatchNorm2d(filters[0]), nn.ReLU(), last,
        nn.Sigmoid(),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    discriminator = nn.Sequential(
        next(down), nn.LeakyReLU(0.2), next(down), nn.BatchNorm2d(filters[1]), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(size, 1),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    told = F.binary_cross_entropy_with_logits

    def of_discriminator(generated: Tensor) -> Tensor:
        of_real, of_generated = discriminator(real).float(), discriminator(generated).float()
        smoothed = torch.full_like(of_real, 0.9)
        return told(of_real, smoothed) + told(of_generated, torch.zeros_like(of_generated))

    def of_generator(generated: Tensor) -> Tensor:
        logits = discriminator(generated).float()
        return told(logits, torch.ones_like(logits))

    judging = Training(discriminator, of_discriminator, ema=True, **options)
    drawing = Training(generator, of_generator, ema=True, **options)

    def step() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=options["bfloat16"]):
            generated = generator(torch.randn(len(real), latent))
        judging.step(generated.detach())
        return drawing.step(generated)

    return step
