"""Count what train.py will load from OUT, by the data set's number of classes."""

from __future__ import annotations

import logging
import re
from typing import Any, Dict, List, Optional, Tuple

from .moving import loaded_by_name

_LINE = re.compile(r"Transferred (\d+)/(\d+)")
_MOST_CLASSES = 10_000  # of a YAML, for which a network more is built

Transfer = Tuple[Optional[int], int, int]


def wanted_classes(own: Optional[int], of_yaml: Optional[int], asked: Optional[int]) -> List[Any]:
    """Return the numbers of classes to count for: what is asked, else OUT's and the YAML's."""
    if asked is not None:
        return [asked]
    if own is None or of_yaml in (None, own) or (of_yaml or 0) > max(own, _MOST_CLASSES):
        return [own]
    return [own, of_yaml]


def transfer(names: Any, out: Any, network: Any) -> Tuple[int, int]:
    """Return the numbers of the line `Transferred` where ``network`` is loaded from ``out``.

    ``names`` is the fork's module of networks. If its networks load by a method of their own, that
    is asked: newer ones do more than to compare names and shapes.
    """
    return _by_method(names, out, network) or loaded_by_name(
        state_shapes(out), state_shapes(network)
    )


def state_shapes(network: Any) -> Dict[str, Tuple[int, ...]]:
    """Return the names and shapes that loading by name sees."""
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


class _LogLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _by_method(names: Any, out: Any, network: Any) -> Optional[Tuple[int, int]]:
    logger = getattr(names, "LOGGER", None)
    if not isinstance(logger, logging.Logger) or not callable(getattr(network, "load", None)):
        return None
    heard, level = _LogLines(), logger.level
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    try:
        network.load(out)
    except Exception:
        return None
    finally:
        logger.setLevel(level)
        logger.removeHandler(heard)
    found = [match for line in heard.lines for match in _LINE.finditer(line)]
    return (int(found[-1][1]), int(found[-1][2])) if found else None
