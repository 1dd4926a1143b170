"""Refuse a file whose coding cookie makes Python decode it differently from UTF-8."""

from __future__ import annotations

import codecs
import re

from yamlmod.errors import Place, Refusal

_COOKIE = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(r"[ \t\f]*(?:#.*)?")


def refuse_other_coding(shown: str, text: str) -> None:
    """Refuse where the cookie's encoding would give other ASCII characters than UTF-8 does.

    What stands beyond ASCII does not matter: nothing is put there, and every edit is ASCII.
    """
    found = _cookie(text)
    if found is None:
        return
    name, start = found
    problem = _problem(name, text)
    if problem:
        raise Refusal(
            "other-encoding",
            f"the file declares the encoding {name}, but {problem}",
            place=Place.at(shown, text, start, start + len(name)),
            hint="convert the file to UTF-8 and remove the coding comment",
        )


def _cookie(text: str) -> tuple[str, int] | None:
    begin = 0
    for line in text.split("\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match:
            return match[1], begin + match.start(1)
        if not _BLANK.fullmatch(line.rstrip("\r")):
            return None
        begin += len(line) + 1
    return None


def _problem(name: str, text: str) -> str:
    try:
        if codecs.lookup(name).name in ("utf-8", "ascii"):
            return ""
        read = codecs.decode(text.encode(), name)
    except Exception:  # a codec may raise what it likes, rot13 a TypeError
        return "Python cannot decode it"
    same = isinstance(read, str) and _ascii(read) == _ascii(text)
    return "" if same else "this would decode to different text"


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()
