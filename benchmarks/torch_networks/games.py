"""The agent with its replay and environments in PyTorch."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_networks.training import Batch, Step, Training


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
