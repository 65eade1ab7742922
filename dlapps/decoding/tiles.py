"""Large images answered in overlapping tiles, whose borders are cut off, as a whole without seams
(the overlap-tile strategy of Ronneberger, Fischer, Brox 2015)."""

from collections.abc import Callable

import tensorflow as tf


def by_tiles(
    answer: Callable[[tf.Tensor], tf.Tensor],
    images: tf.Tensor,
    size: int,
    overlap: int,
    spec: tf.TensorSpec,
) -> tf.Tensor:
    """[N, H, W, ...]: what `answer` gives for every pixel of images [N, H, W, C], tile by tile.

    A tile is a window of the images of `size` a side, or as high or wide as they are where they are
    smaller; nothing is added around them. `answer` takes tiles [N, h, w, C], all of one size, and
    gives a tensor [N, h, w, ...] like `spec`. Of it, each pixel is taken from the one tile in which
    it is at least `overlap` pixels away from the border, except where that is the images' own. So
    for a network that looks no farther, the answer is the one it gives to the whole; one that
    halves its maps needs images, tiles and overlaps that divide by as much as it does.

    One tile is answered after the other, which bounds the memory. Usable in `tf.function`.
    """
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    # The cells of a grid, each the middle of its tile.
    rows, columns = (_cells(length, size, overlap) for length in (height, width))
    cells = tf.reshape(
        tf.stack(tf.meshgrid(*(tf.range(axis[1]) for axis in (rows, columns)), indexing="ij"), -1),
        [-1, 2],
    )

    def of_cell(cell: tf.Tensor) -> tf.Tensor:
        top, its_rows = _window(cell[0], rows[0], height, size, overlap)
        left, its_columns = _window(cell[1], columns[0], width, size, overlap)
        tile = images[:, top : top + size, left : left + size]
        return tf.gather(tf.gather(answer(tile), its_rows, axis=1), its_columns, axis=2)

    answers = tf.map_fn(of_cell, cells, parallel_iterations=1, fn_output_signature=spec)
    return _joined(answers, rows[1], columns[1])[:, :height, :width]


def _cells(length: tf.Tensor, size: int, overlap: int) -> tuple[tf.Tensor, tf.Tensor]:
    """How long a cell is, and how many of them cover the length."""
    cell = tf.where(length <= size, length, size - 2 * overlap)
    return cell, (length + cell - 1) // cell


def _window(
    number: tf.Tensor, cell: tf.Tensor, length: tf.Tensor, size: int, overlap: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Where the tile of a cell begins, and the places of the cell in it.

    The last cell may reach beyond the image; there it repeats the last place.
    """
    begin = tf.clip_by_value(number * cell - overlap, 0, tf.maximum(length - size, 0))
    places = number * cell - begin + tf.range(cell)
    return begin, tf.minimum(places, tf.minimum(size, length) - 1)


def _joined(cells: tf.Tensor, num_rows: tf.Tensor, num_columns: tf.Tensor) -> tf.Tensor:
    """[N, rows h, columns w, ...] from the cells [rows columns, N, h, w, ...] of a grid."""
    shape = tf.shape(cells)
    grid = tf.reshape(cells, tf.concat([[num_rows, num_columns], shape[1:]], axis=0))
    further = range(5, grid.shape.rank)
    grid = tf.transpose(grid, [2, 0, 3, 1, 4, *further])
    whole = [shape[1], num_rows * shape[2], num_columns * shape[3]]
    return tf.reshape(grid, tf.concat([whole, shape[4:]], axis=0))


def tile_corners(
    height: tf.Tensor, width: tf.Tensor, size: tuple[int, int], overlap: tuple[int, int]
) -> tf.Tensor:
    """int32 [T, 2]: top and left of the tiles of one size, [height, width], that cover an image.

    Neighbours share `overlap` pixels, [of the height, of the width], the last two of a row or
    column maybe more. Where the image is smaller than a tile, that reaches beyond it.
    """
    sides = [
        _begins(length, its_size, its_overlap)
        for length, its_size, its_overlap in zip((height, width), size, overlap, strict=True)
    ]
    return tf.reshape(tf.stack(tf.meshgrid(*sides, indexing="ij"), axis=-1), [-1, 2])


def _begins(length: tf.Tensor, size: int, overlap: int) -> tf.Tensor:
    step, farthest = size - overlap, tf.maximum(length - size, 0)
    return tf.minimum(tf.range((farthest + step - 1) // step + 1) * step, farthest)
