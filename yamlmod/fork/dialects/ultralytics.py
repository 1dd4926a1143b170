"""The ultralytics package, 8.0 to the newest, and forks of it: nn/tasks.py and nn/modules.

New classes go into nn/modules/conv.py, where its own attention classes live; in 8.0 the modules
are one file.
"""

from yamlmod.fork.parser.dialect import Dialect, Fault, Sign

DIALECT = Dialect(
    name="ultralytics",
    title="the ultralytics package",
    parse="nn/tasks.py",
    homes=("nn/modules/conv.py", "nn/modules.py"),
    cfgs=("cfg/models/*", "cfg/models", "yolo/v8/models", "yolo/v8/models/*", "models/*"),
    signs=(Sign("nn/tasks.py"),),
    faults=(
        Fault(
            "Python may import another copy of ultralytics: install this one "
            "(pip install -e) or run from the folder above it",
        ),
    ),
)
