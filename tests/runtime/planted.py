"""Classes with a mistake in them, to be appended to a fork's common.py, and rows that use them."""

from __future__ import annotations

from pathlib import Path

import yamlmod

CLASSES = r'''

class Gate(nn.Module):
    """Made for one number of channels."""

    def __init__(self, channels=64):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return x * self.conv(x).sigmoid()


class NoKernel(nn.Module):
    """A Fourier transform: there is none in bfloat16."""

    def forward(self, x):
        return x + torch.fft.ifft2(torch.fft.fft2(x)).real


class Lazy(nn.Module):
    """Gets its weights in the first pass."""

    def __init__(self):
        super().__init__()
        self.conv = None

    def forward(self, x):
        if self.conv is None:
            self.conv = nn.Conv2d(x.shape[1], x.shape[1], 1).to(x)
        return x * self.conv(x).sigmoid()


class Thrown(nn.Module):
    """Makes weights in every pass and forgets them."""

    def forward(self, x):
        return x * nn.Conv2d(x.shape[1], x.shape[1], 1).to(x)(x).sigmoid()


class Cut(nn.Module):
    """Lets no gradient through."""

    def forward(self, x):
        return x.detach() * 1.5


class Alone(nn.Module):
    """Wants more than one picture in training."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1)

    def forward(self, x):
        return x + self.norm(x.mean((1, 2, 3)).reshape(-1, 1)).reshape(-1, 1, 1, 1)


class Square(nn.Module):
    """Mixes rows with columns."""

    def forward(self, x):
        return x + x.transpose(2, 3)


class Endless(nn.Module):
    """Divides by nothing in evaluation."""

    def forward(self, x):
        return x if self.training else x / (x - x)


class Unlike(nn.Module):
    """Another result every time, whatever the seed."""

    count = 0

    def forward(self, x):
        Unlike.count += self.training
        return x * (1.0 + Unlike.count)


class Held(nn.Module):
    """Keeps what cannot be pickled, and a tensor with its graph."""

    def forward(self, x):
        self.seen = x
        self.function = lambda y: y
        return x * 1.5


class Dies(nn.Module):
    """Ends the process in evaluation, behind a pass in training."""

    trained = False

    def forward(self, x):
        if Dies.trained and not self.training:
            import os

            os.write(2, b"no more\n")
            os._exit(3)
        Dies.trained = self.training
        return x * 1.5


class Sleeps(nn.Module):
    """Never comes back."""

    def forward(self, x):
        import time

        while self.training:
            time.sleep(1)
        return x * 1.5


class Babbles(nn.Module):
    """Writes what looks like an answer, on all that it can find."""

    def forward(self, x):
        import os
        import sys

        line = 'YAMLMOD {"answer": {}}'
        print(line)
        print(line, file=sys.stderr)
        os.write(1, (line + "\n").encode())
        os.write(2, b"\xff\xfe\x00\n")
        return x * 1.5


class Installs(nn.Module):
    """Runs pip, and does without."""

    def forward(self, x):
        import subprocess

        try:
            subprocess.run(["pip", "install", "thing"])
        except OSError:
            pass
        return x * 1.5
'''


def plant(common: Path) -> None:
    """Append the classes to a fork's file of modules."""
    text = common.read_text(encoding="utf-8")
    common.write_text(
        text + "\n\nimport torch\nimport torch.nn as nn\n" + CLASSES, encoding="utf-8"
    )


def with_row(base: Path, module: str, after: int = 4, args: str = "") -> str:
    """Return a model YAML with a row of a class more, every reference renumbered."""
    text = yamlmod.load(base.read_text(encoding="utf-8")).insert("SimAM", after=[after]).to_text()
    assert text.count("SimAM, []") == 1
    return text.replace("SimAM, []", f"{module}, [{args}]")
