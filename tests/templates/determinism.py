"""Operators that have no deterministic form on CUDA, found on any machine.

`torch.use_deterministic_algorithms` refuses these on CUDA and lets them pass on a CPU, so the
operators of a forward and backward pass are recorded and compared with torch's documented list.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

# Those of the documentation of torch.use_deterministic_algorithms that raise on CUDA.
_NAMES = """
    _adaptive_avg_pool2d_backward _adaptive_avg_pool3d_backward adaptive_max_pool2d_backward
    adaptive_max_pool3d_backward avg_pool3d_backward max_pool3d_with_indices_backward
    fractional_max_pool2d_backward fractional_max_pool3d_backward max_unpool2d max_unpool3d
    upsample_linear1d_backward upsample_bilinear2d_backward upsample_bicubic2d_backward
    upsample_trilinear3d_backward _upsample_bilinear2d_aa_backward
    reflection_pad1d_backward reflection_pad2d_backward reflection_pad3d_backward
    replication_pad1d_backward replication_pad2d_backward replication_pad3d_backward
    grid_sampler_2d_backward grid_sampler_3d_backward nll_loss2d_forward
    _ctc_loss _embedding_bag_dense_backward put put_ histc bincount kthvalue
    median nanmedian cumsum scatter_reduce resize_
"""
REFUSED = frozenset(_NAMES.split())


class Recorder(TorchDispatchMode):
    """Notes the name of every operator that is run."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def refused(module: nn.Module, x: Tensor) -> set[str]:
    """The operators of one training step that CUDA would refuse."""
    with Recorder() as recorder:
        module(x.requires_grad_()).sum().backward()
    return recorder.seen & REFUSED
