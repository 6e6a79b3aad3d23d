"""Every role has a home: cards of its own work, good when empty, each leading to its list."""

from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.admin_site.pages.dashboard import Figures, cards
from backoffice.admin_site.permissions.roles import ROLES
from backoffice.apps.users.models import User

STAFF = ("admin", "registrar", "instructor", "auditor")


class Links(HTMLParser):
    """The addresses a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag == "a" and address.startswith("/admin/") and "logout" not in address:
            self.addresses.add(address)


def _home_of(user: User) -> tuple[Client, str]:
    client = Client()
    client.force_login(user)
    page = client.get(reverse("admin:index"))
    assert page.status_code == 200
    return client, page.content.decode()


def test_every_card_is_for_known_roles_and_every_role_has_cards():
    roles = {role for each in cards() for role in each.roles}
    assert roles == set(ROLES)
    assert len({str(each.title) + str(sorted(each.roles)) for each in cards()}) == len(cards())


@pytest.mark.parametrize("role", STAFF)
def test_a_home_without_any_data_says_what_to_do(role, person):
    client = Client()
    client.force_login(person(role))
    page = client.get(reverse("admin:index"))
    assert ">None<" not in page.content.decode()
    titles = [each["title"] for each in page.context["cards"]]
    assert titles == [each.title for each in cards() if role in each.roles]
    for each in page.context["cards"]:
        content = each["content"]
        assert isinstance(content, Figures) or getattr(content, "lines", ()) or content.empty


@pytest.mark.parametrize("role", STAFF)
def test_every_way_of_a_home_opens(role, demo, subtests):
    client, text = _home_of(User.objects.get(username=role))
    page_links = Links()
    page_links.feed(text)
    assert len(page_links.addresses) > 8
    for address in sorted(page_links.addresses):
        with subtests.test(address):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("role", STAFF)
def test_a_home_asks_the_database_little(role, demo, django_assert_max_num_queries):
    client, _text = _home_of(User.objects.get(username=role))
    with django_assert_max_num_queries(35):
        client.get(reverse("admin:index"))
