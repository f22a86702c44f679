"""Spiders: thin shells that turn a response into one observation."""
