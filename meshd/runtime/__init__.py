"""Puts meshd together: settings, watches, streams, webhooks, metrics, and how it starts and stops."""
