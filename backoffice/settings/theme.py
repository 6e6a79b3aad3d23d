"""How the admin looks: Unfold's settings."""

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

# Teal, each step dark enough for the theme's use of it: white text stands on 600.
PRIMARY = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",
    "700": "#115e59",
    "800": "#134e4a",
    "900": "#0f3f3c",
    "950": "#042f2e",
}
UNFOLD = {
    "SITE_TITLE": _("Back office"),
    "SITE_HEADER": _("Back office"),
    "SITE_URL": None,  # there is no other site to return to
    "SITE_SYMBOL": "school",
    "COLORS": {"primary": PRIMARY},
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("admin_site/favicon.svg"),
        }
    ],
    "SCRIPTS": [lambda _request: static("admin_site/palette.js")],
    "STYLES": [lambda _request: static("admin_site/site.css")],
    "ENVIRONMENT": "backoffice.admin_site.pages.navigation.environment_label",
    "SIDEBAR": {
        "navigation": "backoffice.admin_site.pages.navigation.sidebar",
        "show_search": True,
        "command_search": True,
    },
}
