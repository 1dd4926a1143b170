"""Read a patched file with libcst, whose parser is independent of Python's own."""

from __future__ import annotations

from yamlmod.errors import Place, ProofFailedError


def check_second_reading(shown: str, old_text: str, new_text: str) -> None:
    """Raise ProofFailedError where libcst gives the old text back and cannot read the new one.

    libcst follows new Python syntax later than Python itself, and counts a form feed in the
    indentation in another way: where it does not give back the file as it is, its answer about
    the patched one says nothing.
    """
    if not _is_readable(new_text) and _comes_back(old_text):
        raise ProofFailedError("libcst cannot parse the changed file", place=Place(shown))


def _comes_back(text: str) -> bool:
    import libcst

    return _is_readable(text) and libcst.parse_module(text).code == text


def _is_readable(text: str) -> bool:
    import libcst  # a quarter of a second, which only a patch pays

    try:
        libcst.parse_module(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of its native parser is no Exception
        return False
    return True
