"""What the verbs that print a table share: their options, and the note on a stale build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linkgraph.insights.dataset import Dataset

Data = Annotated[Path, typer.Option(envvar="LINKGRAPH_DATA", help="The data folder")]
Form = Annotated[
    str | None,
    typer.Option("--format", help="table, csv, json or parquet; default: the file's suffix, or a table"),
]
Out = Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead of stdout")]


def opened(data: Path) -> Dataset:
    """Return the data set of a folder, having said on stderr if its build is older than its data."""
    from linkgraph.insights.dataset import open_dataset

    dataset = open_dataset(data)
    if dataset.is_stale:
        sys.stderr.write(
            f"linkgraph: the data changed since build {dataset.build.name}; `linkgraph build --data {data}` "
            "takes it in\n"
        )
    return dataset
