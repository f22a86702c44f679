"""Pipelines: thin shells that hand observations to the commit."""
