"""The columns of an answer.

Promises what `classify` returns, for those who read answers and compile nothing. Refuses nothing.
"""

from __future__ import annotations

import pyarrow as pa

_WORD = pa.dictionary(pa.int32(), pa.string())

CLASSES: pa.Schema = pa.schema(
    [
        pa.field("placement", _WORD, nullable=False),
        pa.field("placement_probability", pa.float32(), nullable=False),
        pa.field("acquisition", _WORD, nullable=False),
        pa.field("acquisition_probability", pa.float32(), nullable=False),
        pa.field("evidence", _WORD, nullable=False),
        pa.field("rules_version", _WORD, nullable=False),
    ]
)
"""What `classify` returns: a row a link."""
