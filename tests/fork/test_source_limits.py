"""Syntax trees of a stranger's files stay within a bound of memory."""

from __future__ import annotations

import time

import pytest

from yamlmod.errors import Refusal
from yamlmod.fork.python import source
from yamlmod.fork.python.source import parse


@pytest.mark.parametrize("text", ["a\n", "a;", "[", "(a,", "-"])
def test_a_file_of_too_many_words_is_refused_before_it_is_parsed(text: str) -> None:
    start = time.process_time()
    with pytest.raises(Refusal) as caught:
        parse("f.py", "models/f.py", text * (1 + source.MAX_WORDS))
    assert caught.value.code == "too-large"
    assert "models/f.py" in caught.value.message
    assert time.process_time() - start < 5


def test_a_long_file_of_few_words_is_read() -> None:
    text = f"a = '''{'long ' * 100}'''\n" * 300 + "# " + "x" * 1_000_000
    assert len(parse("f.py", "f.py", text).tree.body) == 300


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MAX_WORDS_KEPT", 100)
    kept = source._Kept()
    texts = [f"a = {number}\n" * 10 for number in range(20)]
    sources = [kept.get("f.py", "f.py", text) for text in texts]
    assert kept.get("f.py", "f.py", texts[-1]) is sources[-1]
    assert kept.get("f.py", "f.py", texts[0]) is not sources[0]
    assert kept._words <= 100
    huge = "a = 1\n" * 50
    assert len(kept.get("f.py", "f.py", huge).tree.body) == 50
