"""Representation Flow's first released layer in PyTorch, run on request; it needs only PyTorch and NumPy.

    python launch/benchmarks/parts/torch_layer.py FEATURES.npy THREADS [rep_flow_layer.py]

It reads lines such as `forward 10` or `both 20` (what to do, iterations) and answers each, when it is done, with a line
that holds the flow's mean square. The suite representation_flow starts it with an interpreter that has PyTorch.
"""

import inspect
import sys

import numpy as np

# Of another environment: this one need not have it.
import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F  # pyright: ignore[reportMissingImports]

UNREPAIRED, REPAIRED = ("mask1^1", "mask2^1"), ("~mask1", "~mask2")
"""How the file inverts masks that were bytes, and how it must invert booleans, of which `^ 1` makes integers."""


class Flow(nn.Module):
    """The first released version of the layer: one kernel of each kind per channel, on pairs `[N, C, H, W]`.

    Written from the layer's mathematics; the weights have the released names.
    """

    def __init__(self, channels: int, iterations: int) -> None:
        super().__init__()
        self.iterations = iterations
        for name, taps in (("img_grad", (-0.5, 0.0, 0.5)), ("f_grad", (-1.0, 1.0)), ("div", (-1.0, 1.0))):
            kernel = torch.tensor(taps).repeat(channels, 1, 1, 1)
            setattr(self, name, nn.Parameter(kernel))
            setattr(self, f"{name}2", nn.Parameter(kernel.transpose(2, 3).contiguous()))
        self.t, self.l, self.a = (nn.Parameter(torch.tensor([value])) for value in (0.3, 0.15, 0.25))

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """u and v, each `[N, C, H, W]`, in pixels."""
        gx = self._along(second, self.img_grad, (1, 1, 0, 0))
        gy = self._along(second, self.img_grad2, (0, 0, 1, 1))
        half_x, half_y = 0.5 * first.diff(dim=3), 0.5 * first.diff(dim=2)
        gx = torch.cat([half_x[..., :1], gx[..., 1:-1], half_x[..., -1:]], 3)
        gy = torch.cat([half_y[..., :1, :], gy[..., 1:-1, :], half_y[..., -1:, :]], 2)
        square = gx**2 + gy**2 + 1e-12
        u, p = torch.zeros(2, *first.shape), torch.zeros(2, 2, *first.shape)
        for _ in range(self.iterations):
            rho = second - first + gx * u[0] + gy * u[1] + 1e-12
            limit = self.l * self.t
            step = torch.where(rho.abs() > limit * square, -limit * rho.sign(), -rho / square)
            v = u + step * torch.stack([gx, gy])
            u = torch.stack([v[k] + self.t * self._divergence(*p[k]) for k in range(2)])
            gradient = torch.stack([torch.stack(self._gradient(u[k])) for k in range(2)])
            length = torch.sqrt((gradient**2).sum(1, keepdim=True) + 1e-12)
            p = (p + self.a / self.t * gradient) / (1 + self.a / self.t * length)
        return u[0], u[1]

    def _along(self, x: torch.Tensor, kernel: torch.Tensor, padding: tuple[int, ...]) -> torch.Tensor:
        return F.conv2d(F.pad(x, padding), kernel, groups=x.shape[1])

    def _gradient(self, u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        right, down = torch.ones_like(u), torch.ones_like(u)
        right[..., -1], down[..., -1, :] = 0, 0
        return right * self._along(u, self.f_grad, (0, 1, 0, 0)), down * self._along(u, self.f_grad2, (0, 0, 0, 1))

    def _divergence(self, px: torch.Tensor, py: torch.Tensor) -> torch.Tensor:
        from_left, from_above = F.pad(px[..., :-1], (1, 0)), F.pad(py[..., :-1, :], (0, 0, 1, 0))
        return self._along(from_left, self.div, (0, 1, 0, 0)) + self._along(from_above, self.div2, (0, 0, 0, 1))


def authors_layer(path: str) -> type[nn.Module]:
    """`FlowLayer` of the authors' file, with its masks repaired.

    Raises:
        SystemExit: the file is of another version.
    """
    with open(path, encoding="utf-8") as file:
        source = file.read()
    for old, new in zip(UNREPAIRED, REPAIRED, strict=True):
        source = source.replace(old, new)
    names: dict = {}
    exec(compile(source, path, "exec"), names)
    layer = names.get("FlowLayer")
    if layer is None or list(inspect.signature(layer.forward).parameters) != ["self", "x", "y"]:
        sys.exit(f"{path} is not the first released version, whose FlowLayer takes two frames")
    return layer


def scaled(features: torch.Tensor) -> torch.Tensor:
    """The released scaling: the largest value of all becomes -255, the smallest 0."""
    low, high = features.min(), features.max()
    return 255 * (features - low) / (low - high)


def run(layer: nn.Module, features: torch.Tensor, backward: bool) -> float:
    """The mean square of the flow of one clip `[T, C, H, W]`; with `backward`, once all gradients are computed, too."""
    features = features.clone().requires_grad_(backward)
    layer.zero_grad()
    with torch.set_grad_enabled(backward):
        images = scaled(features)
        u, v = layer(images[:-1], images[1:])
        loss = (u**2 + v**2).mean()
    if backward:
        loss.backward()
    return loss.item()


def main() -> None:
    """Answers lines until the input ends."""
    torch.set_num_threads(int(sys.argv[2]))
    # The file has the order of Keras, [1, T, H, W, C].
    features = torch.from_numpy(np.load(sys.argv[1])[0]).permute(0, 3, 1, 2).contiguous()
    make = authors_layer(sys.argv[3]) if len(sys.argv) > 3 else None
    layers: dict[int, nn.Module] = {}
    for line in sys.stdin:
        does, iterations = line.split()
        number = int(iterations)
        if number not in layers:
            channels = features.shape[1]
            layers[number] = make(channels=channels, n_iter=number) if make else Flow(channels, number)
        print(run(layers[number], features, does == "both"), flush=True)


if __name__ == "__main__":
    main()
