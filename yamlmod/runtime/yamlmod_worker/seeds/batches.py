"""Hash the batches of the first loader that a training takes one from, for two epochs."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, Callable, Dict, Iterator, List, Optional

from .patches import replaced

EPOCHS = 2


class BatchWatch:
    """Stands between every loader and the training; ``seen`` gets the hashes of its batches.

    What it replaces is torch's own iterator, which all loaders share, whatever the fork calls its
    loader or does around it. Nothing is known here of seeds or of a fork's code.

    ``workers`` is what the loader has on a GPU: ultralytics takes none of them on a CPU.
    """

    def __init__(self, workers: int, seen: Callable[[Dict[str, Any]], None]) -> None:
        self.workers = workers
        self.seen = seen
        self._next: Any = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the end of the block: the next trial may have the same process."""
        from torch.utils.data import dataloader

        base: Any = dataloader._BaseDataLoaderIter
        begin, self._next = base.__init__, base.__next__

        def __init__(iterator: Any, loader: Any, *values: Any, **named: Any) -> None:
            iterator.yamlmod_loader = loader
            begin(iterator, loader, *values, **named)

        def __next__(iterator: Any) -> Any:
            return self._take(iterator)

        with contextlib.ExitStack() as stack:
            stack.enter_context(replaced(base, "__init__", __init__))
            stack.enter_context(replaced(base, "__next__", __next__))
            stack.enter_context(self._workers_given(dataloader.DataLoader))
            yield

    @contextlib.contextmanager
    def _workers_given(self, loader: Any) -> Iterator[None]:
        make = loader.__init__

        def __init__(made: Any, dataset: Any, *values: Any, **named: Any) -> None:
            if named.get("num_workers") == 0 and _trains(dataset):
                named["num_workers"] = self.workers
            make(made, dataset, *values, **named)

        with replaced(loader, "__init__", __init__):
            yield

    def _take(self, iterator: Any) -> Any:
        loader = iterator.yamlmod_loader
        if not _trains(loader.dataset):
            return self._next(iterator)
        self.seen(self._hashes(iterator, loader))
        raise SystemExit(0)

    def _hashes(self, iterator: Any, loader: Any) -> Dict[str, Any]:
        epochs: List[str] = []
        orders: List[str] = []
        count = len(loader)
        for _ in range(EPOCHS):
            content, names = hashlib.sha256(), hashlib.sha256()
            for _ in range(count):
                batch = self._batch(iterator)
                if batch is None:  # a loader that ends with its epoch; others go round
                    iterator = loader._get_iterator()
                    batch = self._batch(iterator)
                _add(batch, content, names)
            epochs.append(content.hexdigest()[:16])
            orders.append(names.hexdigest()[:16])
        return {
            "epochs": epochs,
            "orders": orders,
            "batches": count,
            "workers": int(loader.num_workers),
            "failed": "",
        }

    def _batch(self, iterator: Any) -> Optional[Any]:
        try:
            return self._next(iterator)
        except StopIteration:
            return None


def _trains(dataset: Any) -> bool:
    """Whether a data set is that of the training: forks do not augment what they validate on."""
    return bool(getattr(dataset, "augment", True))


def _add(value: Any, content: Any, names: Any) -> None:
    """Add the pixels and boxes of a batch to one hash, and the names of its files to another."""
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().contiguous()
        content.update(str(tuple(value.shape)).encode() + value.numpy().tobytes())
    elif isinstance(value, str):
        names.update(os.path.basename(value).encode("utf-8", "surrogateescape") + b"\0")
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            _add(value[key], content, names)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _add(part, content, names)
    elif hasattr(value, "tobytes"):
        content.update(value.tobytes())
    else:
        content.update(repr(value).encode("utf-8", "backslashreplace"))
