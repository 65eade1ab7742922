"""Bidirectional LSTMs that learn by connectionist temporal classification, in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from torch_networks.speech import masked, mel_matrix, relative_decibels
from torch_networks.training import Batch, Step, Training

RATE, STRIDE, WINDOW = 16_000, 160, 400


class PaddedLogMel(nn.Module):
    """Waveforms [N, samples] of `num_samples` [N] to log-mel [N, frames, bands] of own frames.

    Each band of a row is normalised over the row, then stretches of time and bands are masked.
    """

    def __init__(self, bands: int, num_masks: int, masking: tuple[float, float]):
        super().__init__()
        self.length = 2 ** (WINDOW - 1).bit_length()
        self.num_masks, self.masking = num_masks, masking
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.register_buffer("matrix", mel_matrix(RATE, self.length, bands))

    def forward(self, waveform: Tensor, num_samples: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", enabled=False):
            waveform = F.pad(waveform, (0, self.length))
            spectrum = torch.stft(
                waveform, self.length, STRIDE, WINDOW, self.window, return_complex=True
            )
            x = relative_decibels(spectrum, self.matrix)
            num_frames = (num_samples + (STRIDE - 1)) // STRIDE
            place = torch.arange(x.shape[1])
            own = (place[None] < num_frames[:, None]).float()[:, :, None]
            count = own.sum(1, keepdim=True)
            x = (x - (x * own).sum(1, keepdim=True) / count) * own
            x = x * (x.square().sum(1, keepdim=True) / count + 1e-4).rsqrt()
            for _ in range(self.num_masks):
                x = masked(x, self.masking)
            return x, num_frames


class CTCLSTM(nn.Module):
    def __init__(self, num_outputs: int, model: Mapping[str, Any]):
        super().__init__()
        bands, units, dropout = model["num_bands"], model["units"], model["dropout"]
        self.stacked = model["stacked_frames"]
        masking = (model["time_masking"], model["frequency_masking"])
        self.front = PaddedLogMel(bands, model["num_masks"], masking)
        self.stack = nn.Conv1d(bands, 2 * units, self.stacked, self.stacked)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(
            2 * units, units, model["num_layers"], batch_first=True, bidirectional=True,
            dropout=dropout,
        )  # fmt: skip
        self.logits = nn.Linear(2 * units, num_outputs)

    def forward(self, waveform: Tensor, num_samples: Tensor) -> tuple[Tensor, Tensor]:
        x, num_frames = self.front(waveform, num_samples)
        x = self.stack(F.pad(x, (0, 0, 0, self.stacked - 1)).mT).mT
        num_frames = (num_frames + (self.stacked - 1)) // self.stacked
        packed = pack_padded_sequence(
            self.dropout(x), num_frames, batch_first=True, enforce_sorted=False
        )
        x, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.logits(self.dropout(x)).float(), num_frames


def ctc_lstm(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    num_outputs = int(batch["num_letters"]) + 1
    network = CTCLSTM(num_outputs, model)
    inputs = [torch.from_numpy(batch[name]) for name in ("waveform", "num_samples")]
    labels, num_labels = (torch.from_numpy(batch[name]).long() for name in ("labels", "num_labels"))

    def loss() -> Tensor:
        logits, num_frames = network(*inputs)
        likely = logits.log_softmax(-1).transpose(0, 1)
        losses = F.ctc_loss(
            likely, labels, num_frames, num_labels, blank=num_outputs - 1, reduction="none"
        )
        return losses.mean()

    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=1e-2, fused=True)
    return Training(network, loss, optimizer=optimizer, clip_norm=5.0, **options).step
