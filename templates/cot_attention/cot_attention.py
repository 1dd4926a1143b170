# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CoTAttention(nn.Module):
    """Static context of a convolution, plus values weighed by what context and input say.

    Shapes: (N, C, H, W) to (N, C, H, W); C is a multiple of 4.

        k = relu(BN(conv_s(x))),    v = BN(conv_1(x)),    y = k + softmax(a) * v
        a = the mean of the s * s values that attention_embed([k, x]) gives for a channel,
        the softmax over all places of the map

    s is kernel_size, conv_s has 4 groups. One image with a 1x1 map has no spread to train a
    BatchNorm on: its running statistics stand in.

    Contextual Transformer Networks for Visual Recognition, arXiv 2021,
    https://arxiv.org/abs/2107.12292
    """

    def __init__(self, dim=512, kernel_size=3):
        super().__init__()
        _CoTAttention_check_int("dim", dim)
        _CoTAttention_check_odd("kernel_size", kernel_size, 15)
        if dim % 4:
            problem = f"{dim} channels are no multiple of 4, the groups of the convolution"
            raise _CoTAttention_fail(ValueError, problem)
        self.dim, self.kernel_size = dim, kernel_size
        self.key_embed = _CoTAttentionStack(
            nn.Conv2d(dim, dim, kernel_size, padding=kernel_size // 2, groups=4, bias=False),
            nn.BatchNorm2d(dim),
            nn.ReLU(),
        )
        self.value_embed = _CoTAttentionStack(
            nn.Conv2d(dim, dim, 1, bias=False),
            nn.BatchNorm2d(dim),
        )
        self.attention_embed = _CoTAttentionStack(
            nn.Conv2d(2 * dim, dim // 2, 1, bias=False),
            nn.BatchNorm2d(dim // 2),
            nn.ReLU(),
            nn.Conv2d(dim // 2, kernel_size * kernel_size * dim, 1),
        )

    def forward(self, x):
        static = self.key_embed(x)
        scores = self._scores(torch.cat((static, x), 1))
        n, c, height, width = x.shape
        weights = torch.softmax(scores.reshape(n, c, height * width), -1)
        values = self.value_embed(x)
        return torch.addcmul(static, weights.reshape(n, c, height, width).to(x.dtype), values)

    def _scores(self, both):
        """attention_embed and the mean over the taps, (N, C, H, W)."""
        for layer in (0, 1, 2):
            both = self.attention_embed.step(layer, both)
        # The mean over taps of a 1x1 convolution is the 1x1 convolution with the mean weights.
        last, taps = self.attention_embed[3], self.kernel_size * self.kernel_size
        weight = last.weight.reshape(self.dim, taps, -1, 1, 1).mean(1)
        return F.conv2d(both, weight, last.bias.reshape(self.dim, taps).mean(1))


class _CoTAttentionStack(nn.Sequential):
    """A Sequential whose BatchNorm also trains on a single value per channel."""

    def forward(self, x):
        for place in range(len(self)):
            x = self.step(place, x)
        return x

    def step(self, place, x):
        """One layer of the stack."""
        layer = self[place]
        alone = isinstance(layer, nn.BatchNorm2d) and layer.training
        if alone and x.numel() == x.shape[1]:
            mean, var = layer.running_mean, layer.running_var
            return F.batch_norm(x, mean, var, layer.weight, layer.bias, False, 0.0, layer.eps)
        return layer(x)


def _CoTAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"CoTAttention: {problem}; write the row [-1, 1, CoTAttention, [{args}]]")


def _CoTAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CoTAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _CoTAttention_fail(ValueError, problem)


def _CoTAttention_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _CoTAttention_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _CoTAttention_fail(ValueError, f"{name} must be odd, got {value!r}")
