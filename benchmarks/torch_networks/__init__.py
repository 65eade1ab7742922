"""The networks of the suite in PyTorch, as its users would write them: what ours are timed beside.

Each function takes one batch as arrays and the network's options, and returns a training step:
a function of nothing, which learns from that batch once. Convolutions are in channels-last order,
the fast one on CPUs; optimizers are PyTorch's fused ones; moving averages and clipping are there
where our config asks for them.
"""

from torch_networks.capsules import capsule_network
from torch_networks.classification import lenet5, mlp, perceptron
from torch_networks.detection import fcos
from torch_networks.games import dqn
from torch_networks.generation import convolutional_autoencoder, dcgan, rbm, variational_autoencoder
from torch_networks.language import recurrent_language_model, transformer_language_model
from torch_networks.residual import resnet20
from torch_networks.segmentation import unet
from torch_networks.speech import attention_lstm, keyword_cnn
from torch_networks.transcription import ctc_lstm
from torch_networks.translation import attention_translator, transformer_translator

__all__ = [
    "attention_lstm",
    "attention_translator",
    "capsule_network",
    "convolutional_autoencoder",
    "ctc_lstm",
    "dcgan",
    "dqn",
    "fcos",
    "keyword_cnn",
    "lenet5",
    "mlp",
    "perceptron",
    "rbm",
    "recurrent_language_model",
    "resnet20",
    "transformer_language_model",
    "transformer_translator",
    "unet",
    "variational_autoencoder",
]
