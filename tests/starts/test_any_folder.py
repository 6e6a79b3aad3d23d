"""Folders, homes, names and accounts: both commands work in each."""

from pathlib import Path

import pytest

from tests.starts.clones import closed
from tests.starts.conftest import NewClone


@pytest.mark.quick
def test_root_in_a_folder_that_nobody_else_can_enter(clone_of_roots: NewClone, place: Path):
    closed(place / "root")
    clone = clone_of_roots("root/clone")
    assert "The database is kept in /var/tmp/backoffice-root-" in clone.serves()
    clone.passes_its_tests("test-postgres")


def test_a_user_in_a_home_that_nobody_else_can_enter(clone_of_a_user: NewClone):
    clone = clone_of_a_user("a clone's Größe")
    clone.serves()
    clone.passes_its_tests("test-postgres")


def test_root_whose_files_nobody_else_can_read(clone_of_roots: NewClone):
    clone = clone_of_roots(behind=["sh", "-c", 'umask 077; exec "$@"', "sh"])
    clone.serves()
    clone.passes_its_tests("test-postgres")


def test_a_name_with_a_space_an_umlaut_and_an_apostrophe(new_clone: NewClone):
    clone = new_clone("a clone's Größe")
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_path_of_200_characters(new_clone: NewClone, place: Path):
    start = f"{place}/{'d' * 60}/{'e' * 60}/"
    clone = new_clone(f"{'d' * 60}/{'e' * 60}/{'f' * (200 - len(start))}")
    assert len(str(clone.folder)) == 200
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_symbolic_link(new_clone: NewClone, place: Path):
    clone = new_clone("there")
    (place / "link").symlink_to(clone.folder)
    clone.folder = place / "link"
    clone.serves()
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()


def test_a_clone_that_was_moved(new_clone: NewClone, place: Path):
    clone = new_clone()
    clone.serves("run", "DATABASE=sqlite")
    clone.folder = clone.folder.rename(place / "moved")
    clone.serves("run", "DATABASE=sqlite")
    clone.passes_its_tests()
