"""A convolution's window from the arguments that PyTorch's layers take."""

from __future__ import annotations

from gossamer.errors import require_int
from gossamer.nn.kernels.convolution import Pair, Window

Given = int | tuple[int, ...]


def window_of(
    axes: int, kernel_size: Given, stride: Given, padding: Given | str, dilation: Given, groups: int
) -> Window:
    """The window of a convolution over one axis (a row of height 1) or two.

    Raises:
        ValueError: sizes below what they may be, another number of sizes than axes, or "same" where it is not
            symmetric.
        TypeError: a size that is no whole number.

    >>> window_of(2, 3, 1, "same", 1, 1)
    Window(kernel=(3, 3), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=1)
    >>> window_of(1, 5, 2, 2, 1, 1)
    Window(kernel=(1, 5), stride=(1, 2), padding=(0, 2), dilation=(1, 1), groups=1)
    """
    require_int("groups", groups, low=1)
    kernel = _pair("kernel_size", kernel_size, axes, low=1, other=1)
    steps = _pair("stride", stride, axes, low=1, other=1)
    apart = _pair("dilation", dilation, axes, low=1, other=1)
    if isinstance(padding, str):
        return Window(kernel, steps, _named(padding, kernel, steps, apart), apart, groups)
    return Window(kernel, steps, _pair("padding", padding, axes, low=0, other=0), apart, groups)


def _named(padding: str, kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    if padding == "valid":
        return 0, 0
    if padding != "same":
        raise ValueError(f"padding={padding!r} is not known; 'same', 'valid' or numbers are.")
    if stride != (1, 1):
        raise ValueError(f"padding='same' needs stride 1, not {stride}.")
    extents = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(extent % 2 for extent in extents):
        raise ValueError(f"padding='same' of a kernel of {kernel} is not symmetric: pad the images, and give 0.")
    return extents[0] // 2, extents[1] // 2


def _pair(name: str, given: Given, axes: int, *, low: int, other: int) -> Pair:
    sizes = (given,) * axes if isinstance(given, int) else tuple(given)
    if len(sizes) != axes:
        raise ValueError(f"{name}={given} has {len(sizes)} sizes; {axes} are needed.")
    sizes = tuple(require_int(name, size, low=low) for size in sizes)
    return (other, sizes[0]) if axes == 1 else (sizes[0], sizes[1])
