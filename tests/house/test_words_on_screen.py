"""What people read on the screen is said in words that the house uses for them."""

import ast
import re

import pytest
from django.apps import apps

from tests.house.source import ROOT, files

BANNED = re.compile(r"\bdeeds?\b", re.IGNORECASE)
TRANSLATORS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext"}
HIDDEN = re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", re.DOTALL)
QUOTED = re.compile(r"translate\s+[\"'](.*?)[\"']|_\([\"'](.*?)[\"']\)")
PLACEHOLDER = re.compile(r"%\(\w+\)")
MARKUP = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", re.DOTALL)


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_no_label_of_a_field_is_a_banned_word(model):
    labels = [model._meta.verbose_name, model._meta.verbose_name_plural]
    labels += [getattr(field, "verbose_name", "") for field in model._meta.get_fields()]
    labels += [getattr(field, "help_text", "") for field in model._meta.get_fields()]
    assert not [str(label) for label in labels if BANNED.search(str(label))]


def test_no_template_shows_a_banned_word():
    by_template = {
        str(path.relative_to(ROOT)): BANNED.findall(_visible(path.read_text("utf-8")))
        for path in sorted((ROOT / "backoffice").rglob("templates/**/*.html"))
    }
    assert not {name: words for name, words in by_template.items() if words}


def test_no_message_has_a_banned_word():
    matches = [
        f"{source.name}:{call.lineno} {text.value}"
        for source in files("backoffice")
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in TRANSLATORS
        for text in call.args
        if isinstance(text, ast.Constant) and BANNED.search(PLACEHOLDER.sub("", str(text.value)))
    ]
    assert not matches


def _visible(template: str) -> str:
    """A template's text, and the quoted texts that its tags translate."""
    template = HIDDEN.sub("", template)
    quoted = [first or second for first, second in QUOTED.findall(template)]
    return " ".join([MARKUP.sub(" ", template), *quoted])


def test_the_visible_text_of_a_template():
    template = '{# deed #}<a class="deed" href="{{ deed.link }}">{% translate "See all" %}</a> rows'
    assert BANNED.search(_visible(template)) is None
    assert BANNED.search(_visible('{% translate "One deed" as text %}'))
    assert BANNED.search(_visible("<p>All deeds</p>"))
