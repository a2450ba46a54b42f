"""The demo shop: five small services that know nothing of a mesh, so that whatever a mesh adds can be seen.

The only thing an application has to do for distributed tracing is to pass the trace headers on
(trace_headers.py); everything else, down to encryption and retries, is left to whatever carries the requests.
"""
