"""What ingest counts."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("meshd_ingest_events", "Events that watches of the API server delivered", ["kind"])
REJECTED = Gauge("meshd_ingest_rejected_objects", "Objects not taken as they are now, being wrong", ["kind"])
