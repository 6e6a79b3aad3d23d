"""`python -m backoffice.operations.healthcheck_client`: does the server of the image still answer?

Needs nothing but the standard library, so that asking twice a minute costs little.
"""

import http.client
import os
import sys

HOST, PORT, PATIENCE = "127.0.0.1", 8000, 5


def is_serving(port: int = PORT) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz", headers={"Host": known_host()})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def known_host() -> str:
    # The server refuses any name that is not in ALLOWED_HOSTS.
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return HOST if first in ("", "*") else first.lstrip(".")


if __name__ == "__main__":
    sys.exit(0 if is_serving() else 1)
