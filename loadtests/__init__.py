"""Load through the gateway with Locust: people browsing, a canary's share, a failing backend behind retries.

`python -m loadtests --host http://127.0.0.1:8080` runs it headless and exits 1 when a threshold (thresholds.py) is
missed. `locust -f loadtests/locustfile.py --host …` runs the same users with Locust's web page.
"""
