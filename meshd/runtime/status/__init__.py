"""The status of each Istio object: written by the replica that leads, from what all replicas know, when it changed.

objects (watch) ┐
tally of each replica's streams ┼─▶ conditions ─▶ pace ─▶ writer
hold (what waits) ┘

Nothing here is on the way of a change: rounds look at what the others did, and give way between steps.
"""
