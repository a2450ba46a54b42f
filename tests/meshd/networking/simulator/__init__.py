"""Predicts what Envoy does with a request, from the resources a proxy is given and nothing else.

listener -> route configuration -> virtual host -> route -> what becomes of the request

The resources are JSON, as `mesh_of.resources_of` gives them. What is modelled is what meshd generates; anything else is
an error, so that a prediction is never a guess. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/
"""
