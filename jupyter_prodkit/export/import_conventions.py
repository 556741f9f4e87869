"""Which import a name stands for where everybody writes it alike: `np`, `json`, `defaultdict`."""

from __future__ import annotations

import importlib
from collections.abc import Collection

__all__ = ["CONVENTION", "STANDARD_LIBRARY", "customary_import"]

STANDARD_LIBRARY = "that is a module of Python's standard library"
CONVENTION = "that is what the name usually stands for"
_MODULES = frozenset(
    {
        *("argparse", "base64", "bisect", "collections", "contextlib", "copy", "csv", "dataclasses", "functools", "gc"),
        *("getpass", "glob", "gzip", "hashlib", "heapq", "inspect", "io", "itertools", "json", "logging", "math"),
        *("operator", "os", "pathlib", "pickle", "platform", "pprint", "re", "shutil", "sqlite3", "statistics"),
        *("string", "struct", "subprocess", "sys", "tempfile", "textwrap", "threading", "time", "timeit", "traceback"),
        *("types", "typing", "unittest", "uuid", "warnings", "zipfile"),
    }
)
"""Of the standard library, under their own names. Not `random` and `datetime`: NumPy has a module, and the module has a
class, that pages call so."""
_ALIASES = {
    "alt": "altair",
    "cv2": "cv2",
    "gpd": "geopandas",
    "joblib": "joblib",
    "jnp": "jax.numpy",
    "lgb": "lightgbm",
    "mpl": "matplotlib",
    "np": "numpy",
    "nx": "networkx",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "px": "plotly.express",
    "requests": "requests",
    "smf": "statsmodels.formula.api",
    "sns": "seaborn",
    "tf": "tensorflow",
    "torch": "torch",
    "xgb": "xgboost",
    "xr": "xarray",
}
"""Not what stands for several: `sp` (scipy, sympy, spacy), `sm` (statsmodels.api, .formula.api), `F`, `nn`, `pa`."""
_MEMBERS = {
    name: module
    for module, names in {
        "abc": ("ABC", "abstractmethod"),
        "collections": ("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple"),
        "copy": ("deepcopy",),
        "dataclasses": ("dataclass",),
        "datetime": ("timedelta",),
        "decimal": ("Decimal",),
        "enum": ("Enum",),
        "fractions": ("Fraction",),
        "functools": ("lru_cache", "partial", "reduce"),
        "io": ("BytesIO", "StringIO"),
        "itertools": ("combinations", "permutations"),
        "pathlib": ("Path",),
        "typing": ("Any", "Dict", "List", "Literal", "NamedTuple", "Optional", "Tuple", "Union"),
    }.items()
    for name in names
}


def customary_import(name: str, uses: Collection[str | None]) -> tuple[str, str] | None:
    """Return the import statement that `name` stands for and how that is known, None where several may be meant.

    `uses` are what the page takes of it: `{"array"}` of `np.array`, None where the name stands alone. A module is only
    ever asked for what it holds, so a name that stands alone is taken for a variable.
    """
    if name in _MEMBERS:
        return f"from {_MEMBERS[name]} import {name}", CONVENTION
    asked = [one for one in uses if one is not None]
    if len(asked) < len(uses):
        return None
    if name in _ALIASES:
        module = _ALIASES[name]
        return f"import {module}" if module == name else f"import {module} as {name}", CONVENTION
    if name in _MODULES and all(hasattr(importlib.import_module(name), one) for one in asked):
        return f"import {name}", STANDARD_LIBRARY
    return None
