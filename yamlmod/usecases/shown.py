"""Results that print in one line and show as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class ShownAsTable:
    """A result with a title and rows; subclasses are frozen dataclasses without a repr."""

    def title(self) -> str:
        raise NotImplementedError

    def headers(self) -> Sequence[str]:
        raise NotImplementedError

    def rows(self) -> Iterable[Sequence[object]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title()}>"

    def _repr_html_(self) -> str:
        from yamlmod.report.notebook import html_table

        return html_table(self.title(), self.headers(), self.rows())
