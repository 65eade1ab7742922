"""The translator with attention in PyTorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training


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
