"""One URL → one answer, politely: robots, pacing, the address guard and caps."""
