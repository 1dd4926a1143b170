"""BibTeX entries of the papers of modules."""

from __future__ import annotations

import re

from yamlmod.registry.template import Template

_ARXIV = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{4,5})")
_CONFERENCES = {
    "CVPR": "IEEE/CVF Conference on Computer Vision and Pattern Recognition",
    "ICCV": "IEEE/CVF International Conference on Computer Vision",
    "ICCVW": "IEEE/CVF International Conference on Computer Vision Workshops",
    "ECCV": "European Conference on Computer Vision",
    "WACV": "IEEE/CVF Winter Conference on Applications of Computer Vision",
    "ICML": "International Conference on Machine Learning",
    "ECML PKDD": "European Conference on Machine Learning and Principles and Practice of "
    "Knowledge Discovery in Databases",
    "ICASSP": "IEEE International Conference on Acoustics, Speech and Signal Processing",
    "ICME": "IEEE International Conference on Multimedia and Expo",
    "NeurIPS": "Advances in Neural Information Processing Systems",
    "NeurIPS Workshop": "NeurIPS Workshop",
}
_SPECIAL = re.compile(r"([&%$#_{}])")


def bibtex(template: Template) -> str:
    """Return the entry of a module's paper; empty where its manifest names none.

    Manifests hold the first author alone, and `and others` is BibTeX for the rest.
    """
    paper = {key: str(value) for key, value in template.paper.items()}
    title, year, venue = (paper.get(key, "") for key in ("title", "year", "venue"))
    if not title:
        return ""
    kind, place = _published(venue)
    arxiv = _ARXIV.search(paper.get("url", ""))
    author = paper.get("first_author", "")
    fields = {
        "title": "{" + _escaped(title) + "}",
        "author": f"{_escaped(author)} and others" if author else "",
        place: _escaped(_CONFERENCES.get(venue, venue)) if place else "",
        "year": year,
        "eprint": arxiv[1] if arxiv else "",
        "archivePrefix": "arXiv" if arxiv else "",
        "url": paper.get("url", ""),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if name and value]
    return "\n".join([f"@{kind}{{{citation_key(template)},", *lines, "}"])


def citation_key(template: Template) -> str:
    """Return a key such as `woo2018cbam`."""
    paper = template.paper
    author = str(paper.get("first_author", "")).split(",")[0]
    words = re.findall(r"[A-Za-z0-9]+", str(paper.get("title", "")))
    word = next((w for w in words if len(w) > 2), template.name)
    return re.sub(r"[^a-z0-9]", "", f"{author}{paper.get('year', '')}{word}".lower())


def _published(venue: str) -> tuple[str, str]:
    if venue in _CONFERENCES:
        return "inproceedings", "booktitle"
    return ("misc", "") if venue in ("", "arXiv") else ("article", "journal")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
