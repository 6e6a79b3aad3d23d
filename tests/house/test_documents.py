"""What README and docs/ name exists: pages, pictures, `make` targets, commands, variables."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands
from PIL import Image

from docs import shooting
from tests.house.source import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
READERS = {"registrar", "instructor", "auditor", "operator", "developer"}
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
ANCHOR = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(page: Path, *, pictures: bool) -> Iterator[str]:
    """Where a page's links, or pictures, lead."""
    for mark, target in LINK.findall(page.read_text("utf-8")):
        if bool(mark) == pictures:
            yield target


def slug(heading: str) -> str:
    """The anchor a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    for target in links(page, pictures=False):
        if target.startswith("https://"):
            continue
        path, _hash, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in {slug(each) for each in ANCHOR.findall(there.read_text("utf-8"))}


def test_every_picture_is_there_light_enough_and_shown():
    pictures = {
        (page.parent / target).resolve() for page in PAGES for target in links(page, pictures=True)
    }
    assert pictures == {path.resolve() for path in shooting.PICTURES.iterdir()}
    for path in pictures:
        assert path.stat().st_size <= shooting.MOST_BYTES, path.name
        with Image.open(path) as picture:
            assert (picture.format, picture.width) == ("PNG", shooting.WIDTH)


def test_every_picture_can_be_taken_anew():
    names = [each.name for each in shooting.pictures()]
    assert len(names) == len(set(names))
    assert set(names) == {path.stem for path in shooting.PICTURES.iterdir()}


def test_every_picture_says_what_it_shows():
    for page in PAGES:
        assert not re.search(r"!\[\]\(", page.read_text("utf-8")), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_is_there(page: Path):
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_there(page: Path):
    named = re.findall(r"manage\.py ([a-z_]+)", page.read_text("utf-8"))
    assert set(named) <= set(get_commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_and_file_is_there(page: Path):
    text = page.read_text("utf-8")
    for name in re.findall(r"`((?:backoffice|tests|fixtures|docs)/[\w./*-]*)`", text):
        assert list(ROOT.glob(name)), name
    for name in re.findall(r"`((?!(?:tests|docs|fixtures|backoffice)/)\w+/[\w/]+\.py)`", text):
        places = (ROOT, ROOT / "backoffice")
        assert any((place / name).is_file() for place in places), name
    for name in re.findall(r"`(backoffice(?:\.\w+)+)`", text):
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_is_one_that_is_known(page: Path):
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    known |= {"TEST_DATABASE", "CHROMIUM", "PORT", "DATABASE", "SIZE"}
    assert set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`", page.read_text("utf-8"))) <= known


def test_there_is_a_page_for_each_reader_and_the_readme_leads_there():
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} == READERS
    readme = ROOT / "README.md"
    assert {f"docs/{name}.md" for name in READERS} <= set(links(readme, pictures=False))
    assert len(list(links(readme, pictures=True))) == 1
    assert len(readme.read_text("utf-8").splitlines()) <= 150
