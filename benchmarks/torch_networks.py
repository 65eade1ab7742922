"""The networks of the suite in PyTorch, as its users would write them: what ours are timed beside.

Each function takes one batch as arrays and the network's options, and returns a training step:
a function of nothing, which learns from that batch once. Convolutions are in channels-last order,
the fast one on CPUs; optimizers are PyTorch's fused ones; moving averages and clipping are there
where our config asks for them.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
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


class LogMel(nn.Module):
    """The front end: waveforms [N, samples] to normalised log-mel [N, frames, bands], masked."""

    def __init__(self, rate: int, stride: float, bands: int, masking: tuple[float, float]):
        super().__init__()
        self.step = round(stride * rate)
        self.window_length = 2 * self.step
        self.length = 2 ** (self.window_length - 1).bit_length() * 2
        self.masking = masking
        self.register_buffer("window", torch.hann_window(self.window_length))
        mels = torch.linspace(*(2595 * math.log10(1 + f / 700) for f in (60, rate / 2)), bands + 2)
        edges = 700 * (10 ** (mels / 2595) - 1)
        bins = torch.arange(self.length // 2 + 1) * rate / self.length
        rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
        self.register_buffer("matrix", torch.minimum(rising, falling).clamp(min=0))
        self.normalization = nn.BatchNorm1d(bands, affine=False)

    def forward(self, waveform: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            spectrum = torch.stft(
                waveform, self.length, self.step, self.window_length, self.window,
                return_complex=True, pad_mode="constant",
            )  # fmt: skip
            power = (spectrum.real**2 + spectrum.imag**2).mT @ self.matrix
            power = power.clamp(min=1e-12)
            loudest = power.amax((1, 2), keepdim=True)
            decibels = (power / loudest).log() * (10 / math.log(10))
            x = self.normalization((1 + decibels / 80).clamp(min=0).mT).mT
            frames, bands = (self.kept(x, axis, share) for axis, share in zip((1, 2), self.masking))
            return x * frames[:, :, None] * bands[:, None, :]

    @staticmethod
    def kept(x: Tensor, axis: int, largest: float) -> Tensor:
        size = x.shape[axis]
        draws = torch.rand(2, len(x), 1)
        width = draws[0] * largest * size
        begin = draws[1] * (size - width)
        place = torch.arange(size) + 0.5
        return ((place < begin) | (place > begin + width)).float()


class KeywordCNN(nn.Module):
    def __init__(self, front: LogMel, frames: int, bands: int, num_outputs: int, model):
        super().__init__()
        self.front = front
        filters = model["filters"]
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, filters, (20, 8)), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.MaxPool2d((1, 3)),
            nn.Conv2d(filters, filters, (10, 4)), nn.BatchNorm2d(filters), nn.ReLU(),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        size = filters * (frames - 28) * ((bands - 7) // 3 - 3)
        dropout = model["dropout"]
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(size, 32), nn.Dropout(dropout), nn.Linear(32, 128), nn.ReLU(),
            nn.Dropout(dropout), nn.Linear(128, num_outputs),
        )  # fmt: skip

    def forward(self, waveform: Tensor) -> Tensor:
        return self.head(self.convolutions(self.front(waveform)[:, None]))


class AttentionLSTM(nn.Module):
    def __init__(self, front: LogMel, bands: int, num_outputs: int, model):
        super().__init__()
        self.front = front
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 10, (5, 1), padding="same"), nn.ReLU(), nn.BatchNorm2d(10),
            nn.Conv2d(10, 1, (5, 1), padding="same"), nn.ReLU(), nn.BatchNorm2d(1),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        self.lstm = nn.LSTM(bands, 64, 2, batch_first=True, bidirectional=True)
        self.query = nn.Linear(128, 128)
        dropout = model["dropout"]
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(64, 32), nn.Linear(32, num_outputs),
        )  # fmt: skip

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.convolutions(self.front(waveform)[:, None])[:, 0]
        x, _ = self.lstm(x)
        query = self.query(x[:, x.shape[1] // 2])
        attention = (x @ query[:, :, None]).float().softmax(1)
        return self.head((attention * x).sum(1))


def keyword_network(batch: Batch, model: Mapping[str, Any], stride: float, build) -> nn.Module:
    rate, samples, bands = 8000, batch["x"].shape[1], 40
    masking = (model["time_masking"], model["frequency_masking"])
    front = LogMel(rate, stride, bands, masking)
    frames = 1 + samples // front.step
    return build(front, frames, bands)


def keyword_cnn(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    def build(front: LogMel, frames: int, bands: int) -> nn.Module:
        return KeywordCNN(front, frames, bands, 10, model)

    network = keyword_network(batch, model, 0.02, build)
    return classifier(network, torch.from_numpy(batch["x"]), batch, **options)


def attention_lstm(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    def build(front: LogMel, frames: int, bands: int) -> nn.Module:
        return AttentionLSTM(front, bands, 10, model)

    network = keyword_network(batch, model, 0.016, build)
    return classifier(network, torch.from_numpy(batch["x"]), batch, **options)


class Translator(nn.Module):
    """Bahdanau's; the whole batch runs to its longest sentence, as ours does."""

    def __init__(
        self, source_tokens: int, target_tokens: int, units: int, size: int, dropout: float
    ):
        super().__init__()
        self.dropout = dropout
        self.source = nn.Embedding(source_tokens, size)
        self.target = nn.Embedding(target_tokens, size)
        self.encoder = nn.GRU(size, units, batch_first=True, bidirectional=True)
        self.keys = nn.Linear(2 * units, 128)
        self.initial = nn.Linear(2 * units, units)
        self.query = nn.Linear(units, 128, bias=False)
        self.scale = nn.Parameter(torch.ones(128))
        self.cell = nn.GRUCell(size + 2 * units, units)
        self.readout = nn.Linear(3 * units + size, size)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        present = source != 0
        values, ends = self.encoder(F.dropout(self.source(source), self.dropout))
        values = values * present[:, :, None]
        keys = self.keys(values)
        state = torch.tanh(self.initial(torch.cat([ends[0], ends[1]], 1)))
        embedded = F.dropout(self.target(target), self.dropout)
        outputs, contexts = [], []
        for inputs in embedded.unbind(1):
            scores = torch.tanh(keys + self.query(state)[:, None]) @ self.scale
            weights = scores.float().masked_fill(~present, -1e9).softmax(1)
            context = (weights[:, None] @ values.float())[:, 0]
            state = self.cell(torch.cat([inputs, context], 1), state)
            outputs.append(state)
            contexts.append(context)
        x = torch.cat([torch.stack(outputs, 1), torch.stack(contexts, 1), embedded], 2)
        x = F.dropout(torch.tanh(self.readout(x)), self.dropout)
        return x @ self.target.weight.T


def attention_translator(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    source, target, y = (torch.from_numpy(batch[n]).long() for n in ("source", "target", "y"))
    counted = torch.from_numpy(batch["sample_weight"]).float()
    network = Translator(
        *(int(batch[name]) for name in ("source_tokens", "target_tokens")),
        model["units"], model["embedding_size"], model["dropout"],
    )  # fmt: skip

    def loss() -> Tensor:
        logits = network(source, target).float().transpose(1, 2)
        losses = F.cross_entropy(logits, y, reduction="none", label_smoothing=0.1)
        return (losses * counted).sum() / counted.sum()

    return Training(network, loss, clip_norm=1.0, **options).step


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


def dqn(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    """Acting, remembering and learning in CartPole, with the settings of our config."""
    import gymnasium

    count, remembered, rows = 8, 50_000, 256
    environments = [gymnasium.make("CartPole-v1", disable_env_checker=True) for _ in range(count)]
    observations = np.stack([e.reset(seed=i)[0] for i, e in enumerate(environments)])

    def build() -> nn.Module:
        sizes = [4, *model["widths"]]
        hidden = [m for a, b in itertools.pairwise(sizes) for m in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(*hidden, nn.Linear(sizes[-1], 2))

    network, target = build(), build().requires_grad_(False)
    replay = {
        "observation": np.zeros((remembered, 4), np.float32),
        "action": np.zeros((remembered, 1), np.int64),
        "reward": np.zeros((remembered, 1), np.float32),
        "following": np.zeros((remembered, 4), np.float32),
        "terminated": np.zeros((remembered, 1), np.float32),
    }
    random = np.random.default_rng(0)
    taken = 0

    def loss(observation, action, reward, following, terminated) -> Tensor:
        with torch.no_grad():
            best = network(following).argmax(1, keepdim=True)
            wanted = reward + 0.995 * (1 - terminated) * target(following).gather(1, best)
        return F.mse_loss(network(observation).gather(1, action), wanted)

    training = Training(network, loss, clip_norm=10.0, **options)

    def play() -> None:
        nonlocal observations, taken
        with torch.no_grad():
            values = network(torch.from_numpy(observations))
        explores = random.random(count) < 0.1
        actions = np.where(explores, random.integers(0, 2, count), values.numpy().argmax(1))
        following = observations.copy()
        for i, environment in enumerate(environments):
            following[i], reward, terminated, truncated, _ = environment.step(int(actions[i]))
            row = observations[i], actions[i], reward, following[i], terminated
            for column, value in zip(replay.values(), row):
                column[taken % remembered] = value
            taken += 1
            if terminated or truncated:
                following[i], _ = environment.reset()
        observations = following

    for _ in range(125):
        play()

    def step() -> Tensor:
        play()
        chosen = random.integers(0, min(taken, remembered), rows)
        learned = training.step(*(torch.from_numpy(c[chosen]) for c in replay.values()))
        if taken // count % 10 == 0:
            target.load_state_dict(network.state_dict())
        return learned

    return step
