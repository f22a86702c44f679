"""The bytes of one answer → its `Page` row and the `Links` on it.

Promises a pure function of its arguments: no network, no clock, no state that changes a result; a result for any
bytes, in time linear in them. Refuses what is not HTML only where it is asked to (`is_html`): `extract` parses
whatever it is given, as a browser would.
"""

from linkgraph.extract.markup import is_html
from linkgraph.extract.page import Extraction, examine, extract, prepare

__all__ = ["Extraction", "examine", "extract", "is_html", "prepare"]
