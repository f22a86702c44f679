"""Answers → what people and programs read: terminal tables, CSV, JSON, Parquet, HTML. The only place that escapes."""
