"""Chinese texts of the generated pages, each with a hash of the English text that it translates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from yamlmod.registry.toml import load_toml

_FOLDER = Path(__file__).parent
_DOCS = _FOLDER.parents[1] / "docs"
_HASH = "english"
_LINK = re.compile(r"((?<!\[English)\]\()([a-z_]+)\.md")
# Between two Chinese letters, and after Chinese punctuation, a line break is no space.
_NO_SPACE = re.compile(r"(?<=[\u3001-\u9fff\uff00-\uffef])\n(?=[\u3001-\u9fff\uff00-\uffef])")
_AFTER_MARK = re.compile(r"(?<=[\u3001\u3002\uff0c\uff1a\uff1b])\n(?!- )")


def digest(english: str) -> str:
    """Return the hash of an English text; its line breaks do not count."""
    return hashlib.sha256(" ".join(english.split()).encode("utf-8")).hexdigest()[:12]


@cache
def chinese(page: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of a page by their key, as paragraphs of one line each."""
    texts = load_toml(_FOLDER / f"{page}.toml")
    return {
        key: {name: _joined(text) for name, text in fields.items()} for key, fields in texts.items()
    }


def _joined(text: str) -> str:
    """Return a text with each paragraph and each item of a list as one line."""
    text = _AFTER_MARK.sub("", _NO_SPACE.sub("", text.strip().replace("\n\n", "\0")))
    return re.sub(r"\n(?!- )", " ", text).replace("\0", "\n\n")


def with_chinese_links(text: str) -> str:
    """Return a page of docs/ with each link at the Chinese page, where there is one."""
    return _LINK.sub(_chinese_link, text)


def _chinese_link(match: re.Match[str]) -> str:
    chinese_name = f"{match[2]}.zh-CN.md"
    return f"{match[1]}{chinese_name}" if (_DOCS / chinese_name).exists() else match[0]


def stale_texts(page: str, english: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the texts of a page, one line each."""
    texts = chinese(page)
    errors = []
    for key, text in english.items():
        if key not in texts:
            errors.append(f"{page}.toml: [{key}] is missing; its hash is {digest(text)}")
        elif texts[key][_HASH] != digest(text):
            errors.append(
                f"{page}.toml: [{key}]: the English text changed; check the Chinese one, "
                f"then set {_HASH} = {digest(text)!r}"
            )
    return errors + [f"{page}.toml: [{key}] is unknown" for key in texts if key not in english]
