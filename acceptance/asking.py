"""Runs in a pod, standard library only: sends the requests it reads as JSON and prints what came back.

{"requests": [{"host", "port", "path"?, "method"?, "headers"?}], "timeout"} ->
[{"status", "headers", "body"} or {"refused": whether the connection was refused, "error"}]
"""

import http.client
import json
import sys
from typing import Any


def ask(request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """One request on a connection of its own. The path is sent as it is given."""
    connection = http.client.HTTPConnection(request["host"], request["port"], timeout=timeout)
    try:
        connection.request(request.get("method", "GET"), request.get("path", "/"), headers=request.get("headers", {}))
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return {"status": response.status, "headers": headers, "body": response.read(2000).decode(errors="replace")}
    except (OSError, http.client.HTTPException) as error:
        return {"refused": isinstance(error, ConnectionRefusedError), "error": repr(error)}
    finally:
        connection.close()


if __name__ == "__main__":
    plan = json.load(sys.stdin)
    json.dump([ask(request, plan["timeout"]) for request in plan["requests"]], sys.stdout)
