"""Runs in a pod, standard library only: asks again and again until its input ends, and prints what was answered.

One line of JSON {"host", "port", "pause": seconds}, then end of input -> {"<status or error>": count}
"""

import http.client
import json
import select
import sys
import time
from collections import Counter


def ask(host: str, port: int) -> str:
    """The status of one request on a connection of its own, or what went wrong."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        return str(response.status)
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


if __name__ == "__main__":
    plan = json.loads(sys.stdin.readline())
    answers: Counter[str] = Counter()
    while not select.select([sys.stdin], [], [], 0)[0]:
        answers[ask(plan["host"], plan["port"])] += 1
        time.sleep(plan["pause"])
    json.dump(answers, sys.stdout)
