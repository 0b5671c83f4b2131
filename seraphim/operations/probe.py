"""`python -m seraphim.operations.probe`: asks `/healthz`, and ends with 0 or 1.

The image's health check. It runs every half minute beside the bot, in the bot's memory limit, so it
is made of the standard library alone, and of nothing of ours. What is unhealthy somebody may
restart; degraded counts as well, as it does in `/healthz`.
"""

import http.client
import os
import sys
from collections.abc import Mapping

SECONDS = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Return 0 when the bot says that it is healthy or degraded, else 1, and why on stderr."""
    host = environ.get("HTTP_HOST") or "127.0.0.1"
    connection = http.client.HTTPConnection(
        EVERYWHERE.get(host, host).strip("[]"),
        int(environ.get("HTTP_PORT") or 8080),
        timeout=SECONDS,
    )
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if answer.status != http.client.OK:
        print(f"unhealthy: {answer.status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
