"""Which worker of pytest-xdist runs which test: those that share costly work stay together."""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScopeScheduling

# What their fixtures make takes long. xdist starts the groups of many tests first. (Its marks do
# nothing with pytest 9.2, where a test's id can no longer be changed.)
_TOGETHER = (
    "tests/cli/test_layer_numbers.py",
    "tests/runtime/test_branches_of_forks.py",
    "tests/runtime/test_remap.py",
    "tests/runtime/test_verify.py",
    "tests/test_main_job.py",
)
# These read the same syntax trees.
_HOUSE = ("test_circles.py", "test_homes.py", "test_names.py", "test_one_reader.py",
          "test_rooms.py", "test_words.py")  # fmt: skip
# These read the same published fork.
_OF_ONE_FORK = ("tests/fork/test_agreement.py", "tests/fork/numbers/test_hostile.py")
_FORK = re.compile(r"\[(\w+==[\d.]+)\]$")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One test at a time to each worker, but for files whose tests stay together.

    What xdist itself does for a test that has ended takes as long as there are tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder, _, name = file.rpartition("/")
        if folder == "tests/house" and name in _HOUSE:
            return folder
        fork = _FORK.search(nodeid)
        if fork and file in _OF_ONE_FORK:
            return fork[1]
        return file if file in _TOGETHER else nodeid

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        nodeid = self.registered_collections[node][item_index]
        scope, assigned = self._split_scope(nodeid), self.assigned_work[node]
        assigned[scope][nodeid] = True
        if all(assigned[scope].values()):
            del assigned[scope]
        self._reschedule(node)

    def schedule(self) -> None:
        if self.collection is None:
            for node, collection in self.registered_collections.items():
                self.registered_collections[node] = _Indexed(collection)
        super().schedule()


class _Indexed(list[str]):
    """A list of different texts that knows where each is."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(texts)
        self._places = {text: place for place, text in enumerate(texts)}

    def index(self, text: str, *bounds: Any) -> int:
        return self._places[text]
