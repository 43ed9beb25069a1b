"""The two convolutions of the autoencoder in NumPy, and their gradients, as Part II derives them.

Three functions suffice. A convolution is a linear map of its input and of its kernel; the gradient
with respect to either is the adjoint of that map, and the adjoint with respect to the input is the
transposed convolution. So the gradient of a transposed convolution is a convolution again. Of the
same two maps Part V makes a U-Net.

Arrays are (n, h, w, channels) and kernels (k, k, c, f), as Keras has them, padding is Keras's
`same`, and the type of the arguments is the type of the result. Kernels are applied without being
flipped, which mathematicians call correlation.
"""

import numpy as np


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """y[n, i, j, f] = sum over a, b, c of x[n, s i + a - p, s j + b - p, c] kernel[a, b, c, f].

    s is the stride and p the padding before the image; x is zero outside. Also the gradient of
    `transpose_convolve` with respect to its input.

    Args:
        x: images (n, h, w, c); h and w are multiples of `stride`.
        kernel: (k, k, c, f).
        stride: pixels between two positions of the kernel.

    Returns:
        (n, h / stride, w / stride, f).
    """
    return np.einsum("nijabc,abcf->nijf", _patches(x, len(kernel), stride), kernel, optimize=True)


def transpose_convolve(y: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """Transposed convolution, the adjoint of `convolve`: <y, convolve(x)> = <transpose(y), x>.

    Also the gradient of `convolve` with respect to its input. Keras calls f the input channels and
    c the output channels of this layer.

    Args:
        y: images (n, h, w, f).
        kernel: (k, k, c, f).
        stride: factor by which height and width grow.

    Returns:
        (n, h * stride, w * stride, c).
    """
    n, h, w, _ = y.shape
    k, _, c, _ = kernel.shape
    before, after = _padding(k, stride)
    parts = np.einsum("nijf,abcf->abnijc", y, kernel, optimize=True)
    size = stride * h + before + after, stride * w + before + after
    x = np.zeros((n, *size, c), parts.dtype)
    for a in range(k):
        for b in range(k):
            x[:, a : a + stride * h : stride, b : b + stride * w : stride] += parts[a, b]
    return x[:, before : size[0] - after, before : size[1] - after]


def kernel_gradient(x: np.ndarray, y: np.ndarray, stride: int = 1, size: int = 3) -> np.ndarray:
    """The adjoint of `convolve` as a map of its kernel: <y, convolve(x, k)> = <gradient, k>.

    For a convolution of x, `y` is the gradient of the loss with respect to its result. For a
    transposed convolution, the roles are exchanged: `y` is its input.

    Args:
        x: images (n, h, w, c).
        y: images (n, h / stride, w / stride, f).
        stride: as in `convolve`.
        size: k, side of the kernel.

    Returns:
        (k, k, c, f).
    """
    return np.einsum("nijabc,nijf->abcf", _patches(x, size, stride), y, optimize=True)


def folded(model) -> dict[str, tuple]:
    """Kernel and bias of every convolution, with the batch normalisation behind it taken into both.

    At inference batch normalisation multiplies a channel by a number and adds another. The one goes
    into the kernel of the convolution, which is linear, and the other into its bias.

    Args:
        model: a Keras model in which the normalisation of a layer `name` is called `name_norm`.

    Returns:
        Name of the layer to (kernel, bias); the bias is 0.0 where there is none.
    """
    layers = {layer.name: layer for layer in model.layers}
    weights = {}
    for name, layer in layers.items():
        if hasattr(layer, "kernel"):
            kernel, *bias = layer.get_weights()
            weights[name] = kernel, bias[0] if bias else 0.0
            if norm := layers.get(f"{name}_norm"):
                gamma, beta, mean, variance = norm.get_weights()
                scale = gamma / np.sqrt(variance + norm.epsilon)
                weights[name] = kernel * scale, beta - scale * mean
    return weights


def unet_forward(
    gray: np.ndarray, weights: dict[str, tuple], levels: int = 3
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The chroma that `models.unet` predicts, with skip connections that concatenate.

    Args:
        gray: images (n, h, w, 1); h and w are multiples of 2 to the power of `levels`.
        weights: what `folded` gives.
        levels: how often the network halves the image.

    Returns:
        The chroma (n, h, w, 2), and for each layer with a ReLU where that was open.
    """
    is_open = {}

    def convolved(x, name, stride=1):
        kernel, bias = weights[name]
        x = convolve(x, kernel, stride) + bias
        is_open[name] = x > 0
        return x * is_open[name]

    x, seen = convolved(gray, "top"), []
    for level in range(1, levels + 1):
        seen.append(x)
        x = convolved(convolved(x, f"down_{level}", stride=2), f"encoder_{level}")
    for level in reversed(range(levels)):
        kernel, bias = weights[f"up_{level}"]
        below = transpose_convolve(x, kernel, stride=2) + bias
        x = convolved(np.concatenate([below, seen[level]], axis=-1), f"decoder_{level}")
    kernel, bias = weights["chroma"]
    return convolve(x, kernel) + bias, is_open


def _padding(size, stride):
    """Zeros before and after, so that the output is 1/stride of the input ("same")."""
    total = max(size - stride, 0)
    return total // 2, total - total // 2


def _patches(x, size, stride):
    """What the kernel sees at each position: a view (n, i, j, a, b, c)."""
    margin = _padding(size, stride)
    padded = np.pad(x, ((0, 0), margin, margin, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
