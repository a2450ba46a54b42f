"""The API server's objects into rows of the model, as they change.

`run` watches every kind that the model is made of. Each event is translated and handed on at once; what has
already arrived together goes on together; no timer is involved.
"""

from meshd.ingest.watches import run

__all__ = ["run"]
