"""How the admin looks: Unfold's settings."""

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": _("Back office"),
    "SITE_HEADER": _("Back office"),
    "SITE_SYMBOL": "school",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("admin_site/favicon.svg"),
        }
    ],
    "STYLES": [lambda _request: static("admin_site/site.css")],
    "ENVIRONMENT": "backoffice.admin_site.navigation.environment_label",
    "SIDEBAR": {"navigation": "backoffice.admin_site.navigation.sidebar", "show_search": True},
}
