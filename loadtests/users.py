"""Who comes to the shop. Each user pauses as people do, so that the number of users bounds the load."""

from __future__ import annotations

import random
from collections import Counter

from locust import FastHttpUser, between, tag, task

CANARY_HOST = "canary.loadtest.test"
FLAKY_HOST = "flaky.loadtest.test"
PRODUCTS = range(1, 7)

visitor_versions: Counter[str] = Counter()
"""Version of reviews by plain visitors of the canary."""
tester_versions: Counter[str] = Counter()
"""The same for testers."""
attempt_numbers: list[int] = []
"""Attempt numbers in the answers of the flaky backend."""


class BrowsingUser(FastHttpUser):
    """Looks around and orders now and then."""

    weight = 5
    wait_time = between(0.1, 0.4)

    @tag("browse")
    @task(3)
    def look_at_the_shelf(self) -> None:
        self.client.get("/", name="browse: front page")

    @tag("browse")
    @task(5)
    def look_at_a_product(self) -> None:
        with self.client.get(
            f"/products/{random.choice(PRODUCTS)}", name="browse: product page", catch_response=True
        ) as answer:
            if answer.status_code == 200 and not answer.headers.get("x-reviews-version"):
                answer.failure("a page without reviews")

    @tag("browse")
    @task(3)
    def read_reviews(self) -> None:
        self.client.get(f"/api/products/{random.choice(PRODUCTS)}/reviews", name="browse: reviews")

    @tag("browse")
    @task(1)
    def order(self) -> None:
        order = {"product": random.choice(PRODUCTS), "quantity": 1}
        self.client.post("/api/orders", json=order, name="browse: order")


class CanaryUser(FastHttpUser):
    """Asks for reviews where a new version gets a tenth of the visitors, and all of the testers get a third one."""

    weight = 3
    wait_time = between(0.05, 0.2)

    @tag("canary")
    @task(8)
    def visit(self) -> None:
        with self.client.get(
            f"/reviews/{random.choice(PRODUCTS)}",
            headers={"Host": CANARY_HOST},
            name="canary: reviews",
            catch_response=True,
        ) as answer:
            if answer.status_code == 200:
                visitor_versions[answer.headers.get("x-reviews-version") or ""] += 1

    @tag("canary")
    @task(2)
    def visit_as_a_tester(self) -> None:
        with self.client.get(
            f"/reviews/{random.choice(PRODUCTS)}",
            headers={"Host": CANARY_HOST, "Cookie": "theme=dark; group=testers"},
            name="canary: reviews of testers",
            catch_response=True,
        ) as answer:
            if answer.status_code == 200:
                tester_versions[answer.headers.get("x-reviews-version") or ""] += 1


class RetriedUser(FastHttpUser):
    """Asks a backend that fails one attempt in three; the mesh is told to retry."""

    weight = 2
    wait_time = between(0.05, 0.2)

    @tag("retries")
    @task
    def ask_the_flaky_backend(self) -> None:
        with self.client.get(
            "/flaky?every=3", headers={"Host": FLAKY_HOST}, name="retries: flaky ratings", catch_response=True
        ) as answer:
            if answer.status_code == 200:
                content = answer.json()
                attempt_numbers.append(int(content["request"]))
