"""Rows of backlinks → ranks near the stationary vector, by power iteration on a CUDA device.

The device only has to come near: whoever asked certifies what comes back with a step of its own (`power`), so that the
device's order of summing needs no analysis. Promises nothing but the shape; two runs may differ in their last bits.
Refuses a machine without a device, and more edges than the device's library can count.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.errors import GraphError
from linkgraph.graph.power import Surfer, Walk

MAX_EDGES = 2**31 - 1
"""cuSPARSE of CUDA 12 fails above it, whatever the type of the offsets."""

_MARGIN = 0.5
"""The share of the tolerance that the device spends; the certifying step needs the rest for rounding."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where arrays lie and are worked on."""

    arrays: Any
    """A module with NumPy's names: CuPy, or NumPy itself."""
    sparse: Any
    """A module with SciPy's sparse matrices: `cupyx.scipy.sparse`, or `scipy.sparse`."""

    def to_host(self, array: Any) -> NDArray[np.float64]:
        """Return an array of the device as one of NumPy's."""
        return np.asarray(array.get() if hasattr(array, "get") else array)


def cuda() -> Device:
    """Return the current CUDA device.

    Raises:
        GraphError: CuPy is not installed, or finds no device.
    """
    try:
        cupy = import_module("cupy")
        devices = cupy.cuda.runtime.getDeviceCount()
        sparse = import_module("cupyx.scipy.sparse")
    except ImportError as reason:
        raise GraphError(f"CuPy cannot be loaded ({reason}); install linkgraph[gpu], or rank on the CPU") from reason
    except Exception as reason:  # CuPy's own class, which only CuPy can name
        raise GraphError(f"CuPy finds no CUDA device ({reason}); rank on the CPU") from reason
    if not devices:
        raise GraphError("CuPy finds no CUDA device; rank on the CPU")
    return Device(cupy, sparse)


def near_ranks(
    walk: Walk, surfer: Surfer, device: Device, *, tol: float, max_steps: int
) -> tuple[NDArray[np.float64], int]:
    """Return ranks whose L1 error is about *tol*, shape (n,), and how many steps that took.

    One step is that of `power.power_iteration`, and so is the estimate it stops at, without what rounding adds.

    Args:
        walk: at least one node.
        surfer: damping factor, teleport and dangling vectors.
        device: where to work.
        tol: L1 error to stop at.
        max_steps: steps at most.

    Raises:
        GraphError: more than `MAX_EDGES` edges.
    """
    rows, nodes, on = walk.rows, len(walk.sums), device.arrays
    if len(rows.indices) > MAX_EDGES:
        raise GraphError(f"{len(rows.indices):,} edges; a CUDA device takes {MAX_EDGES:,}, so rank on the CPU")
    per_weight = walk.per_weight
    leaking = (per_weight == 0) + (0.0 if walk.fading is None else np.asarray(walk.fading) * (per_weight > 0))
    weights = np.ones(len(rows.indices)) if rows.weights is None else np.asarray(rows.weights)
    parts = [on.asarray(weights), on.asarray(rows.indices), on.asarray(rows.indptr.astype(np.int32))]
    votes = device.sparse.csr_matrix(tuple(parts), shape=(nodes, nodes))
    teleport = np.full(nodes, 1.0 / nodes) if surfer.teleport is None else surfer.teleport
    dangling = on.asarray(teleport if surfer.dangling is None else surfer.dangling)
    starts, shares, leaks = (on.asarray(each) for each in (teleport, per_weight, leaking.astype(np.float64)))
    ranks, alpha = starts, surfer.alpha
    for step in range(1, max_steps + 1):
        after = alpha * (votes @ (ranks * shares) + (ranks @ leaks) * dangling) + (1.0 - alpha) * starts
        change = float(on.abs(after - ranks).sum())
        ranks = after
        if alpha * change <= _MARGIN * tol * (1.0 - alpha):
            return device.to_host(ranks), step
    return device.to_host(ranks), max_steps
