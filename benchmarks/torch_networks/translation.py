"""The translators in PyTorch: with attention, and the Transformer."""

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


class TransformerTranslator(nn.Module):
    """Of PyTorch's own layers, normalized before each part, as ours."""

    def __init__(
        self,
        source_tokens: int,
        target_tokens: int,
        size: int,
        num_layers: int,
        num_heads: int,
        feed_forward_size: int,
        dropout: float,
    ):
        super().__init__()
        self.dropout, self.size = dropout, size
        self.source = nn.Embedding(source_tokens, size)
        self.target = nn.Embedding(target_tokens, size)
        options: dict[str, Any] = {
            "dim_feedforward": feed_forward_size, "dropout": dropout,
            "batch_first": True, "norm_first": True,
        }  # fmt: skip
        blocks = [
            (
                nn.TransformerEncoderLayer(size, num_heads, **options),
                nn.TransformerDecoderLayer(size, num_heads, **options),
            )
            for _ in range(num_layers)
        ]
        encoders, decoders = zip(*blocks, strict=True)
        self.encoders, self.decoders = nn.ModuleList(encoders), nn.ModuleList(decoders)
        for module in self.modules():
            # Ours drops what each part adds, and neither attention weights nor hidden units.
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
                module.dropout = nn.Identity()
        self.encoded, self.decoded = nn.LayerNorm(size), nn.LayerNorm(size)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        absent = source == 0
        x = self._placed(self.source(source))
        for block in self.encoders:
            x = block(x, src_key_padding_mask=absent)
        memory = self.encoded(x)
        length = target.shape[1]
        ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
        x = self._placed(self.target(target))
        for block in self.decoders:
            x = block(x, memory, tgt_mask=ahead, tgt_is_causal=True, memory_key_padding_mask=absent)
        return self.decoded(x) @ self.target.weight.T

    def _placed(self, x: Tensor) -> Tensor:
        half = self.size // 2
        speeds = 10000.0 ** (-torch.arange(half) / half)
        angles = torch.arange(x.shape[1])[:, None] * speeds
        places = torch.cat([angles.sin(), angles.cos()], -1)
        return F.dropout(x * self.size**0.5 + places, self.dropout)


def attention_translator(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    sizes = model["units"], model["embedding_size"], model["dropout"]
    return _step(Translator(*_tokens(batch), *sizes), batch, **options)


def transformer_translator(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    names = ("size", "num_layers", "num_heads", "feed_forward_size", "dropout")
    network = TransformerTranslator(*_tokens(batch), **{name: model[name] for name in names})
    return _step(network, batch, **options)


def _tokens(batch: Batch) -> tuple[int, int]:
    return int(batch["source_tokens"]), int(batch["target_tokens"])


def _step(network: nn.Module, batch: Batch, **options: Any) -> Step:
    source, target, y = (torch.from_numpy(batch[n]).long() for n in ("source", "target", "y"))
    counted = torch.from_numpy(batch["sample_weight"]).float()

    def loss() -> Tensor:
        logits = network(source, target).float().transpose(1, 2)
        losses = F.cross_entropy(logits, y, reduction="none", label_smoothing=0.1)
        return (losses * counted).sum() / counted.sum()

    return Training(network, loss, clip_norm=1.0, **options).step
