"""Every class a template names stands in a style sheet: the theme's, or ours."""

import re
from pathlib import Path

import unfold

from tests.house.source import ROOT, texts

SHEETS = (
    f"{unfold.__path__[0]}/static/unfold/css/styles.css",
    ROOT / "backoffice/admin_site/static/admin_site/site.css",
    ROOT / "backoffice/admin_site/static/admin_site/page.css",
    ROOT / "backoffice/bulk/static/bulk/import.css",
    ROOT / "backoffice/audit/static/audit/as_of.css",
)
CLASSES = re.compile(r'\sclass="([^"]*)"')
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)


def test_every_class_of_a_template_is_known_to_a_style_sheet():
    known = "".join(Path(sheet).read_text("utf-8") for sheet in SHEETS)
    unknown = set()
    for path in texts():
        if path.suffix == ".html":
            plain = TAGS.sub(" ", path.read_text("utf-8"))
            named = {name for each in CLASSES.findall(plain) for name in each.split()}
            unknown |= {(path.name, name) for name in named if not _is_in(known, name)}
    assert not unknown


def _is_in(sheets: str, name: str) -> bool:
    escaped = re.sub(r"([^\w-])", r"\\\1", name)
    return re.search(rf"\.{re.escape(escaped)}(?![\w-])", sheets) is not None
