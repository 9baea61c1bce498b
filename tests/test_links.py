"""Every link, anchor, picture and path in the documents leads somewhere."""

import re
from itertools import count
from pathlib import Path

import pytest

from tests.documents import DOCS, README, ROOT, documents

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img\b[^>]*\bsrc=\"([^\"]+)\"")
ROOMS = "bot|standins|simulation|tests|benchmarks|docs"


def prose(text: str) -> str:
    """A document without its blocks of code, in which nothing is a link or a heading."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """Where a document's links and pictures lead."""
    return [found[1] or found[2] for found in LINK.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall("^#{1,6} +(.+?) *$", prose(text), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names = (slug if number == 0 else f"{slug}-{number}" for number in count())
        found.add(next(name for name in names if name not in found))
    return found


def dead_links(path: Path) -> list[str]:
    """The links of a document that lead nowhere; addresses on the web are not asked."""
    dead: list[str] = []
    for link in links(path.read_text("utf-8")):
        if re.match("https://", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        is_there = target.is_file() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            dead.append(link)
    return dead


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_link_and_anchor_leads_somewhere(path):
    assert dead_links(path) == []


def test_every_chapter_is_reached_from_the_readme():
    linked = {link.partition("#")[0] for link in links(README.read_text("utf-8"))}
    assert {f"docs/{path.name}" for path in DOCS.glob("*.md")} - linked == set()
    assert "CONTRIBUTING.md" in linked


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_path_that_a_document_names_is_there(path):
    text = path.read_text("utf-8")
    named = set(re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", prose(text)))
    to_be_written = set(re.findall("`([^`]+)`:\n\n```python", text))
    assert [name for name in named - to_be_written if not (ROOT / name).exists()] == []


def test_pictures_are_used_small_and_described():
    shown: list[tuple[str, Path]] = []
    for path in documents():
        text = prose(path.read_text("utf-8"))
        found = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
        found += [
            (one[2], one[1]) for one in re.finditer(r'<img src="([^"]+)"[^>]* alt="([^"]*)"', text)
        ]
        assert len(found) == text.count("![") + text.count("<img")
        shown += [(alt, (path.parent / file).resolve()) for alt, file in found]

    assert {file for _, file in shown} == set(DOCS.glob("*.png"))
    for alt, file in shown:
        assert len(alt) > 40
        assert file.stat().st_size < 200_000


def test_a_dead_link_is_noticed(tmp_path):
    page = DOCS / "members.md"
    text = (
        "[a](b.md) [c](moderators.md#none) [d](moderators.md#all-commands) [e](#here) ![f](g.png)"
    )
    assert links(f"{text}\n```\n[x](y.md)\n```\n<img src=\"h.png\" alt=\"\">") == [
        "b.md", "moderators.md#none", "moderators.md#all-commands", "#here", "g.png", "h.png",
    ]  # fmt: skip
    assert anchors("# A b, `c`!\n## [d](e.md) → f\n## A b, c\n```\n# no\n```\n") == {
        "a-b-c", "d--f", "a-b-c-1",
    }  # fmt: skip
    assert dead_links(page) == []
    wrong = tmp_path / "page.md"
    wrong.write_text(
        "[gone](gone.md) [no anchor](#there) [outside](/etc/passwd)\n# Here\n", "utf-8"
    )
    assert dead_links(wrong) == ["gone.md", "#there", "/etc/passwd"]
