"""Arrow columns between their stored form (dictionaries, 32-bit offsets) and their working form (64-bit).

Promises that a column survives both ways. The working form is what rows of many files, or of one huge target, can be
put together in: dictionaries differ from file to file, and 32-bit offsets end at 2 GiB of text. It is plain while rows
are gathered, and coded, with a dictionary of its own for each column, while those of one bucket are put in order: a
string is moved once then, when it is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.scan import decoded, mask, of_codes

WORD = pa.dictionary(pa.int32(), pa.large_string())
"""Working form of columns that say the same words many times over."""


def working_type(stored: pa.DataType) -> pa.DataType:
    """Return the type that a stored column has while rows are moved and sorted."""
    if pa.types.is_dictionary(stored):
        return WORD
    if pa.types.is_list(stored):
        inner = stored.value_type
        return pa.list_(working_type(inner.value_type if pa.types.is_dictionary(inner) else inner))
    return pa.large_string() if pa.types.is_string(stored) else stored


def working_schema(stored: pa.Schema, *extra: pa.Field) -> pa.Schema:
    """Return the schema of the working form of a table, with *extra* columns at its end."""
    return pa.schema([field.with_type(working_type(field.type)).with_nullable(True) for field in (*stored, *extra)])


def to_working(column: pa.Array) -> pa.Array:
    """Return a column, as read from a file, in its working form."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(column.indices.cast(pa.int32()), to_working(column.dictionary))
    if pa.types.is_list(kind):
        return _list_of(column, to_working(decoded(column.flatten())))
    return column.cast(working_type(kind))


def _list_of(lists: pa.Array, values: pa.Array) -> pa.Array:
    """Return lists of the same lengths as *lists* over other values."""
    ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(), dtype=np.int32)
    gone = pc.is_null(lists) if lists.null_count else None
    return pa.ListArray.from_arrays(pa.array(np.concatenate([np.zeros(1, np.int32), ends])), values, mask=gone)


def coded(rows: pa.Table, plain: Sequence[str] = ()) -> pa.Table:
    """Return a table with its columns of strings dictionary-coded, all but those named in *plain*."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_large_string(field.type) and field.name not in plain:
            rows = rows.set_column(place, field.name, rows.column(place).combine_chunks().dictionary_encode())
    return rows


def used(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a coded column whose dictionary holds only words that are used, in the order that they had."""
    codes = pc.fill_null(column.indices, -1).to_numpy()
    held = np.zeros(len(column.dictionary) + 1, bool)
    held[codes] = True  # a null marks the last place, which is no word's
    place = np.cumsum(held, dtype=np.int32) - np.int32(1)
    words = column.dictionary.filter(pa.array(held[:-1]))
    found = of_codes(place, np.where(codes < 0, len(held) - 1, codes)) if column.null_count else of_codes(place, codes)
    return pa.DictionaryArray.from_arrays(pa.array(found, mask=codes < 0 if column.null_count else None), words)


def to_stored(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Return a working column as an array of the stored type *kind*."""
    whole = column.combine_chunks()
    if pa.types.is_dictionary(whole.type):
        words = to_words(whole)
        return words.cast(kind) if pa.types.is_dictionary(kind) else words.dictionary_decode()
    if pa.types.is_dictionary(kind):
        return whole.cast(kind.value_type).dictionary_encode().cast(kind)
    if pa.types.is_list(kind):
        return _list_of(whole, to_stored(pa.chunked_array([whole.flatten()]), kind.value_type)).cast(kind)
    return whole.cast(kind)


def to_words(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a coded working column with the words that are used, as they are stored."""
    held = used(column)
    return pa.DictionaryArray.from_arrays(held.indices, held.dictionary.cast(pa.string()))


def codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number for each value, equal for equal values, -1 for null; shape (n,)."""
    encoded = column.combine_chunks().dictionary_encode()
    numbers: NDArray[np.int64] = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
    return numbers


def ranks(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number for each string that sorts as the strings do in byte order; shape (n,). No nulls."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    numbers: NDArray[np.int64] = place[encoded.indices.to_numpy()]
    return numbers


def true(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return a boolean column as a NumPy array; null is False."""
    return mask(column.combine_chunks())
