"""What travels into the image stands alone: this folder, under any name, with nothing else of ours."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

import pytest
from served_process import ROOT, Release, Start, Trained

from jupyter_prodkit.runtime import infer_schema, request_for

RUNTIME = ROOT / "jupyter_prodkit" / "runtime"
MODULES = sorted(RUNTIME.glob("*.py"))
ALLOWED = {"msgspec", "numpy", "pandas", "prometheus_client", "uvicorn"}
LAZY = {"pandas"}


def _imports(nodes: list[ast.AST]) -> set[str]:
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_imports_only_what_the_image_has(module: Path) -> None:
    """No module imports another package of ours, nor MLflow; pandas only where a model needs it."""
    tree = ast.parse(module.read_text())
    assert _imports(list(ast.walk(tree))) <= ALLOWED | set(sys.stdlib_module_names)
    assert not _imports(list(tree.body)) & LAZY
    relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 0]
    assert all(node.level == 1 for node in relative)


def test_a_copy_serves_under_another_name(tmp_path: Path, start: Start, release: Release, trained: Trained) -> None:
    """Copied into another package, as the export does, it serves the same predictions and needs no jupyter-prodkit."""
    package = tmp_path / "churn"
    shutil.copytree(RUNTIME, package / "serving", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text(
        "import sys\n\n\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'jupyter_prodkit', 'mlflow'}:\n"
        "            raise ImportError(f'{name} is not in the image')\n\n\nsys.meta_path.insert(0, Absent())\n"
    )
    rows = trained.rows.head(5)
    service = start(release(trained.model, rows), module="churn.serving", path=tmp_path)
    reply = service.post(request_for(infer_schema(rows), rows))
    assert reply.json == {"predictions": trained.model.predict(rows).tolist()}
    assert service.end()[0] == 0
