"""Gram matrices of feature maps: what a texture has at all places together (Gatys, Ecker, Bethge
2015, "Texture synthesis using convolutional neural networks")."""

from keras import ops


def gram_matrix(maps):
    """float32 [N, C, C]: the mean over all places of the products of maps [N, H, W, C] by pairs.

    In float32 whatever the maps are in: the sum over many places needs it.
    """
    maps = ops.cast(maps, "float32")
    height, width, channels = maps.shape[1:]
    places = ops.reshape(maps, (-1, height * width, channels))
    return ops.matmul(ops.transpose(places, (0, 2, 1)), places) / (height * width)
