"""The methods that say what in an input an answer came from, by name."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from dlapps.explain.methods.grad_cam import grad_cam, grad_cam_plus_plus, layer_cam
from dlapps.explain.methods.gradient_times_input import gradient_times_input
from dlapps.explain.methods.guided_backpropagation import (
    deconvolutional_network,
    guided_backpropagation,
)
from dlapps.explain.methods.integrated_gradients import integrated_gradients
from dlapps.explain.methods.occlusion import occlusion
from dlapps.explain.methods.relevance_propagation import lrp_alpha_beta, lrp_epsilon
from dlapps.explain.methods.saliency import saliency
from dlapps.explain.methods.score_cam import score_cam
from dlapps.explain.methods.smooth_grad import smooth_grad


class Method(NamedTuple):
    """One way to ask a network what in its input an answer came from."""

    title: str
    """As the field calls it."""
    function: Callable[..., tf.Tensor]
    """From a network, its inputs and a score to numbers."""
    signed: bool = False
    """Whether what speaks against the answer is below 0; else all is 0 or more."""
    weighs_maps: bool = False
    """Whether it takes a `layer`, whose maps [N, h, w] it answers in; else it answers in the shape
    of the input."""
    layerwise: bool = False
    """Whether it goes back layer by layer, each with a rule of its own."""
    hides_places: bool = False
    """Whether it takes the number of `axes` that say where, and answers in their shape."""


METHODS = {
    "saliency": Method("Saliency", saliency),
    "gradient_times_input": Method(
        "Gradient \N{MULTIPLICATION SIGN} input", gradient_times_input, signed=True
    ),
    "smooth_grad": Method("SmoothGrad", smooth_grad),
    "integrated_gradients": Method("Integrated gradients", integrated_gradients, signed=True),
    "guided_backpropagation": Method(
        "Guided back-propagation", guided_backpropagation, signed=True, layerwise=True
    ),
    "deconvolutional_network": Method(
        "Deconvolutional network", deconvolutional_network, signed=True, layerwise=True
    ),
    "lrp_epsilon": Method("LRP, epsilon rule", lrp_epsilon, signed=True, layerwise=True),
    "lrp_alpha_beta": Method("LRP, alpha-beta rule", lrp_alpha_beta, signed=True, layerwise=True),
    "grad_cam": Method("Grad-CAM", grad_cam, weighs_maps=True),
    "grad_cam_plus_plus": Method("Grad-CAM++", grad_cam_plus_plus, weighs_maps=True),
    "layer_cam": Method("LayerCAM", layer_cam, weighs_maps=True),
    "score_cam": Method("Score-CAM", score_cam, weighs_maps=True),
    "occlusion": Method("Occlusion", occlusion, signed=True, hides_places=True),
}
