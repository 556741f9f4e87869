"""One small notebook with something of everything; `python tests/export/golden_package.py` writes what it exports to.

Look at the difference before you commit it: it is what users will find in their packages.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

sys.path[:0] = [str(Path(__file__).parent)]

from pages import FACTS, PYTHON, REQUIREMENTS, SERVING, page

from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.files import write_tree
from jupyter_prodkit.notebook.document import Notebook

FOLDER = Path(__file__).parent / "golden"

CELLS = (
    "from __future__ import annotations\nimport numpy as np\nimport pandas as pd\n%matplotlib inline",
    """
    #| parameters
    PETAL_CUT = 0.5  # cm; wider ones are "wide"
    COLUMNS = ("petal length (cm)", "petal width (cm)")
    WEIGHTS = {"a": 1, "b": None}
    API_KEY = "sk-not-a-real-one"  # of the label service
    """,
    "raw = pd.read_csv('/data/flowers.csv')\nraw.head()",
    """
    #| export features
    def features(rows: pd.DataFrame) -> pd.DataFrame:
        # petals only
        out = rows[list(COLUMNS)].copy()
        out["wide"] = out["petal width (cm)"] > PETAL_CUT  # a threshold
        return out
    """,
    """
    #| export
    from sklearn.linear_model import LogisticRegression

    SEED = 7


    def train(rows, target):
        model = LogisticRegression(random_state=SEED, class_weight=WEIGHTS)
        return model.fit(features(rows), np.asarray(target))


    def labels(client):
        return client.get(key=API_KEY)
    """,
    "model = train(raw, raw['target'])",
)


def notebook() -> Notebook:
    return page(*CELLS, name='my "flowers".ipynb')


def package(version: str = "0.1.0") -> Package:
    return Package(
        name="my_flowers",
        version=version,
        notebook=notebook().path.name,
        selection=select(notebook()),
        lock=Locked(REQUIREMENTS, SERVING, FACTS),
        uv_version="0.13.9",
    )


def tree() -> dict[PurePosixPath, str]:
    """What is written for this notebook in particular: the server is the runtime's own, and the locks are the lock's."""
    given = {PurePosixPath("requirements.lock"), PurePosixPath("serving.lock")}
    return {
        path: str(text).replace(PYTHON, "3.11")  # the tests run with any Python
        for path, text in package_tree(package()).items()
        if "serving" not in path.parts and path not in given
    }


def stored_name(path: PurePosixPath) -> PurePosixPath:
    """Under this name a file is kept: no tool takes it for a test, a project or settings of ours."""
    return path.with_name(f"{path.name}.txt")


if __name__ == "__main__":
    write_tree(FOLDER, {stored_name(path): text for path, text in tree().items()})
