"""The ledger's tables, and the statements that are more than one line.

Promises that all of them are made of constants: values travel as parameters.
"""

from __future__ import annotations

from linkgraph.frontier.scope import LINK_REASONS, RUN_REASONS

STATES = ("pending", "leased", "done", "failed", "excluded")
PENDING, LEASED, DONE, FAILED, EXCLUDED = range(5)


# OR IGNORE in the trigger, as `came_nearer` had it, does not hold: the outer statement's policy, an upsert's ABORT,
# is used instead (sqlite.org/lang_createtrigger.html).
SCHEMA = """
CREATE TABLE IF NOT EXISTS hosts (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, domain TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS hosts_of_domain ON hosts (domain);
CREATE TABLE IF NOT EXISTS urls (
    id INTEGER PRIMARY KEY, host INTEGER NOT NULL, url TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT,
    depth INTEGER NOT NULL, hops INTEGER NOT NULL, parent INTEGER, due REAL NOT NULL DEFAULT 0, UNIQUE (host, url));
CREATE INDEX IF NOT EXISTS pending_by_due ON urls (host, due, depth, id) WHERE state = 0;
CREATE INDEX IF NOT EXISTS visited ON urls (host) WHERE state IN (2, 3) AND substr(url, -11) <> '/robots.txt';
CREATE TABLE IF NOT EXISTS nearer (id INTEGER PRIMARY KEY);
DROP TRIGGER IF EXISTS came_nearer;
CREATE TRIGGER IF NOT EXISTS visited_came_nearer AFTER UPDATE OF depth ON urls
    WHEN new.depth < old.depth AND old.state = 2 AND NOT EXISTS (SELECT 1 FROM nearer WHERE id = new.id)
    BEGIN INSERT INTO nearer VALUES (new.id); END;
CREATE TABLE IF NOT EXISTS applied (sequence INTEGER NOT NULL);
CREATE TEMPORARY TABLE leased (id INTEGER PRIMARY KEY);
"""


def _rank(row: str) -> str:
    """Return SQL for how good the best link to a URL is: 0 not followed, 1 followed in a wider scope, 2 followed."""
    weak, scoped = (f"({', '.join(map(repr, reasons))})" for reasons in (LINK_REASONS, RUN_REASONS))
    return (
        f"(CASE WHEN {row}.state <> {EXCLUDED} THEN 2 WHEN {row}.reason IN {scoped} THEN 1 "
        f"WHEN {row}.reason IN {weak} THEN 0 ELSE 2 END)"
    )


# The cheap comparisons first: most links that the caches let through change nothing.
_BETTER = f"(urls.state = {EXCLUDED} AND excluded.reason IS NOT urls.reason AND {_rank('excluded')} > {_rank('urls')})"
_NEARER = f"(excluded.depth < urls.depth AND {_rank('excluded')} = {_rank('urls')})"
ADD = f"""
INSERT INTO urls (host, url, state, reason, depth, hops, parent, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (host, url) DO UPDATE SET
    depth = excluded.depth, hops = CASE WHEN {_BETTER} THEN excluded.hops ELSE min(hops, excluded.hops) END,
    state = CASE WHEN {_BETTER} THEN excluded.state ELSE state END,
    reason = CASE WHEN {_BETTER} THEN excluded.reason ELSE reason END,
    parent = CASE WHEN {_BETTER} THEN excluded.parent ELSE parent END
WHERE {_BETTER} OR {_NEARER}
"""
"""A URL's row tells of the best link to it; among equally good ones, of the depth of the nearest."""

NEXT = f"""
SELECT u.id, u.url, u.host, u.depth, p.url, u.due, e.etag, e.last_modified, e.mark FROM json_each(?) AS wanted
CROSS JOIN urls AS u ON u.id IN (
    SELECT id FROM urls WHERE host = wanted.value AND state = {PENDING}
    AND NOT EXISTS (SELECT 1 FROM leased WHERE leased.id = urls.id) ORDER BY due, depth, id LIMIT ?)
LEFT JOIN urls AS p ON p.id = u.parent LEFT JOIN earlier AS e ON e.id = u.id
"""
