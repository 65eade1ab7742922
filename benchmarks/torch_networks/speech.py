"""The log-mel front end and both keyword networks in PyTorch."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from torch_networks.training import Batch, Step, classifier


def mel_matrix(rate: int, length: int, bands: int) -> Tensor:
    """[length / 2 + 1, bands]: how much each triangle of the mel scale takes of each frequency."""
    mels = torch.linspace(*(2595 * math.log10(1 + f / 700) for f in (60, rate / 2)), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = torch.arange(length // 2 + 1) * rate / length
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def relative_decibels(spectrum: Tensor, matrix: Tensor) -> Tensor:
    """[N, frames, bands] of a complex spectrum: 1 is the loudest of a row, 0 is 80 dB below it."""
    power = ((spectrum.real**2 + spectrum.imag**2).mT @ matrix).clamp(min=1e-12)
    decibels = (power / power.amax((1, 2), keepdim=True)).log() * (10 / math.log(10))
    return (1 + decibels / 80).clamp(min=0)


def masked(x: Tensor, largest: tuple[float, float]) -> Tensor:
    """[N, frames, bands] without a stretch of frames and one of bands, up to such shares."""
    frames, bands = (_kept(x, axis, share) for axis, share in zip((1, 2), largest))
    return x * frames[:, :, None] * bands[:, None, :]


def _kept(x: Tensor, axis: int, largest: float) -> Tensor:
    size = x.shape[axis]
    draws = torch.rand(2, len(x), 1)
    width = draws[0] * largest * size
    begin = draws[1] * (size - width)
    place = torch.arange(size) + 0.5
    return ((place < begin) | (place > begin + width)).float()


class LogMel(nn.Module):
    """The front end: waveforms [N, samples] to normalised log-mel [N, frames, bands], masked."""

    def __init__(self, rate: int, stride: float, bands: int, masking: tuple[float, float]):
        super().__init__()
        self.step = round(stride * rate)
        self.window_length = 2 * self.step
        self.length = 2 ** (self.window_length - 1).bit_length() * 2
        self.masking = masking
        self.register_buffer("window", torch.hann_window(self.window_length))
        self.register_buffer("matrix", mel_matrix(rate, self.length, bands))
        self.normalization = nn.BatchNorm1d(bands, affine=False)

    def forward(self, waveform: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            spectrum = torch.stft(
                waveform, self.length, self.step, self.window_length, self.window,
                return_complex=True, pad_mode="constant",
            )  # fmt: skip
            x = relative_decibels(spectrum, self.matrix)
            return masked(self.normalization(x.mT).mT, self.masking)


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
