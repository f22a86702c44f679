"""Scrapy commands of ours: found by COMMANDS_MODULE."""
