"""What Airflow's task processes inherit instead of importing it anew: they are forked from a process that has it.

Importing torch_geometric, MLflow and the like costs each task several CPU seconds, and a private copy of their memory.
Airflow's fork server (`[core] mp_forkserver_preload`) imports this module once. Only packages of others are named
here: our own code is imported by each task, so that a task always runs the code as it lies on disk.
"""

from __future__ import annotations

import contextlib
import gc
import importlib

PACKAGES = (
    "pandas",
    "pyarrow.parquet",
    "sqlalchemy.orm",
    "scipy.sparse",
    "ibis",
    "duckdb",
    "torch_geometric.data",
    "torch_geometric.nn",
    "safetensors.torch",
    "implicit.als",
    "mlflow.pyfunc",
    "matplotlib.figure",
    "great_expectations",
)

for _name in PACKAGES:
    # A package that cannot be imported is the task's error to tell, with the step's name beside it.
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)

gc.collect()
gc.freeze()  # a collection in a task would write to, and so copy, every page it shares
