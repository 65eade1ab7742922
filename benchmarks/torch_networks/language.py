"""The language models in PyTorch, which carry what they remember from window to window."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training


class RecurrentLanguageModel(nn.Module):
    """An embedding, LSTM layers with dropout around them, and logits, whose matrix may be tied."""

    def __init__(self, num_tokens: int, model: Mapping[str, Any]):
        super().__init__()
        self.channels, self.dropout = model["dropout_of"] == "channels", model["dropout"]
        size, units = model["embedding_size"], model["units"]
        self.embedding = nn.Embedding(num_tokens, size)
        self.layers = nn.ModuleList(
            nn.LSTM(units if number else size, units, batch_first=True)
            for number in range(model["num_layers"])
        )
        self.logits = nn.Linear(units, num_tokens, bias=not model["tied"])
        if model["tied"]:
            self.logits.weight = self.embedding.weight

    def dropped(self, x: Tensor) -> Tensor:
        if self.channels:
            return F.dropout1d(x.transpose(1, 2), self.dropout).transpose(1, 2)
        return F.dropout(x, self.dropout)

    def forward(self, tokens: Tensor, states: list) -> tuple[Tensor, list]:
        x, after = self.embedding(tokens), []
        for layer, state in zip(self.layers, states, strict=True):
            x, last = layer(self.dropped(x), state)
            after.append(tuple(part.detach() for part in last))
        return self.logits(self.dropped(x)), after


class Block(nn.Module):
    """One block of a Transformer, whose keys and values of some tokens before stand in front."""

    def __init__(self, size: int, num_heads: int, feed_forward_size: int, dropout: float):
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.before_attention, self.before_forward = nn.LayerNorm(size), nn.LayerNorm(size)
        self.query, self.keys_values = nn.Linear(size, size), nn.Linear(size, 2 * size)
        self.projection = nn.Linear(size, size)
        self.forward_in = nn.Linear(size, feed_forward_size)
        self.forward_out = nn.Linear(feed_forward_size, size)

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def forward(
        self, x: Tensor, past: Tensor, seen: Tensor, turns: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        normalized = self.before_attention(x)
        keys_values = torch.cat([past, self.keys_values(normalized)], 1)
        keys, values = map(self.heads, keys_values.chunk(2, -1))
        queries = self.heads(self.query(normalized))
        length = queries.shape[2]
        queries = turned(queries, *(turn[-length:] for turn in turns))
        found = F.scaled_dot_product_attention(queries, turned(keys, *turns), values, seen)
        x = x + F.dropout(self.projection(found.transpose(1, 2).flatten(2)), self.dropout)
        hidden = F.gelu(self.forward_in(self.before_forward(x)))
        x = x + F.dropout(self.forward_out(hidden), self.dropout)
        return x, keys_values[:, -past.shape[1] :].detach()


def turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    one, other = x.chunk(2, -1)
    cosine, sine = cosine.to(x.dtype), sine.to(x.dtype)
    return torch.cat([one * cosine - other * sine, other * cosine + one * sine], -1)


class TransformerLanguageModel(nn.Module):
    """Blocks that see a fixed number of tokens before each, with rotary places."""

    def __init__(self, num_tokens: int, length: int, model: Mapping[str, Any]):
        super().__init__()
        size, memory, heads = model["size"], model["memory"], model["num_heads"]
        self.scale, self.dropout = size**0.5, model["dropout"]
        self.embedding = nn.Embedding(num_tokens, size)
        self.blocks = nn.ModuleList(
            Block(size, heads, model["feed_forward_size"], self.dropout)
            for _ in range(model["num_layers"])
        )
        self.normalization = nn.LayerNorm(size)
        half = size // heads // 2
        places = torch.arange(memory + length)
        angles = places[:, None] * 10000.0 ** (-torch.arange(half) / half)
        self.turns = (angles.cos(), angles.sin())
        behind = places[memory:, None] - places[None]
        self.seen = (behind >= 0) & (behind <= memory)

    def forward(self, tokens: Tensor, states: list) -> tuple[Tensor, list]:
        x = F.dropout(self.embedding(tokens) * self.scale, self.dropout)
        after = []
        for block, past in zip(self.blocks, states, strict=True):
            x, kept = block(x, past.to(x.dtype), self.seen, self.turns)
            after.append(kept)
        return self.normalization(x) @ self.embedding.weight.T, after


def _reading(network: nn.Module, states: list, batch: Batch, **options: Any) -> Step:
    tokens, following = (torch.from_numpy(batch[name]).long() for name in ("x", "y"))
    carried = {"states": states}

    def loss() -> Tensor:
        logits, carried["states"] = network(tokens, carried["states"])
        return F.cross_entropy(logits.float().flatten(0, 1), following.flatten())

    return Training(network, loss, clip_norm=1.0, **options).step


def recurrent_language_model(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    rows, units = len(batch["x"]), model["units"]
    states = [(torch.zeros(1, rows, units),) * 2 for _ in range(model["num_layers"])]
    network = RecurrentLanguageModel(int(batch["num_tokens"]), model)
    return _reading(network, states, batch, **options)


def transformer_language_model(batch: Batch, model: Mapping[str, Any], **options: Any) -> Step:
    rows, length = batch["x"].shape
    shape = (rows, model["memory"], 2 * model["size"])
    states = [torch.zeros(shape) for _ in range(model["num_layers"])]
    network = TransformerLanguageModel(int(batch["num_tokens"]), length, model)
    return _reading(network, states, batch, **options)
