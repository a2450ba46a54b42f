"""Listeners: where connections arrive and which filters they pass."""
