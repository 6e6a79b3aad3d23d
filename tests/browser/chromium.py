"""Where the browser is, and how it is started; the pictures of the documentation use it too."""

import os
import shutil

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NO_BROWSER = (
    "No browser: the browser tests need Debian's chromium (apt install chromium), or its path in"
    " CHROMIUM."
)
# As root there is no sandbox; the rest keeps the browser from calling home.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
