"""What the webhooks count."""

from prometheus_client import Counter

INJECTIONS = Counter("meshd_injections", "Pods that the injector was asked about", ["outcome"])
VALIDATIONS = Counter("meshd_validations", "Istio objects that were validated", ["outcome"])
