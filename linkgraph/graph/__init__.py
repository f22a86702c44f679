"""Links → weighted votes under a named policy → compressed sparse rows that NetworkX functions accept."""
