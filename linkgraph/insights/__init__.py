"""Builds → answers: who links to a domain, what it is worth, and what a person should know of it."""
