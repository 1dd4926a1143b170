"""Options as one parameter of a command's function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from yamlmod.cli.console import be_quiet
from yamlmod.cli.options import Quiet


class Bundle:
    """Options as attributes: its annotations, with their defaults.

    Not a dataclass: ten of those cost as much at every start as reading a model YAML.
    """

    def __init__(self, **options: Any) -> None:
        for name in fields(type(self)):
            setattr(self, name, options.pop(name, getattr(type(self), name)))
        if options:
            raise TypeError(f"{type(self).__name__} has no {', '.join(options)}")


def expanded(run: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose bundles are single options to typer."""
    hints = get_type_hints(run, include_extras=True)
    bundles: dict[str, Any] = {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, Bundle)
    }
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(run).parameters.items():
        if name not in bundles:
            parameters.append(
                parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY)
            )
            continue
        types = get_type_hints(bundles[name], include_extras=True)
        parameters += [
            inspect.Parameter(
                field,
                parameter.KEYWORD_ONLY,
                default=getattr(bundles[name], field),
                annotation=types[field],
            )
            for field in fields(bundles[name])
        ]

    quiet = inspect.Parameter(
        "quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet
    )
    parameters.append(quiet)

    @functools.wraps(run)
    def command(**options: Any) -> None:
        be_quiet(options.pop("quiet"))
        for name, bundle in bundles.items():
            options[name] = bundle(**{field: options.pop(field) for field in fields(bundle)})
        run(**options)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def fields(bundle: type[Bundle]) -> list[str]:
    """Return the names of a bundle's options, its own before those of the bundles it extends."""
    names = (name for kind in bundle.__mro__ for name in vars(kind).get("__annotations__", ()))
    return list(dict.fromkeys(names))
