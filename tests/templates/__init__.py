"""The contract of the templates, and what a module's own tests share."""

import os

# As for the worker (yamlmod/runtime/worker.py): wide depthwise convolutions in float16 never end.
# It is read at the first convolution.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
