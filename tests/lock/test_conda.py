"""`environment.yml` for kernels of conda, from records as conda writes them. conda itself was not run here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lock_bench import fact, facts_of

from jupyter_prodkit.lock.conda import conda_packages, environment_yml
from jupyter_prodkit.lock.pins import Pin

SITE = "lib/python3.11/site-packages"
FORGE = "https://conda.anaconda.org/conda-forge"


def record(name: str, version: str, build: str, *, subdir: str = "linux-64", **others: Any) -> dict[str, Any]:
    """Return a record of `conda-meta` with the fields that conda 24 writes."""
    file = f"{name}-{version}-{build}.conda"
    return {
        "arch": "x86_64", "build": build, "build_number": 0, "channel": f"{FORGE}/{subdir}", "constrains": [],
        "depends": [], "extracted_package_dir": f"/opt/conda/pkgs/{file[:-6]}", "files": [], "fn": file,
        "license": "BSD-3-Clause", "link": {"source": f"/opt/conda/pkgs/{file[:-6]}", "type": 1}, "md5": "0" * 32,
        "name": name, "package_tarball_full_path": f"/opt/conda/pkgs/{file}",
        "paths_data": {"paths": [], "paths_version": 1}, "platform": "linux", "sha256": "0" * 64, "size": 1,
        "subdir": subdir, "timestamp": 1714000000000, "url": f"{FORGE}/{subdir}/{file}", "version": version, **others,
    }  # fmt: skip


RECORDS = (
    record("python", "3.11.9", "hb806964_0_cpython", depends=["openssl >=3.2.1,<4.0a0", "__glibc >=2.17"]),
    record("openssl", "3.3.0", "hd590300_0"),
    record(
        "pytorch", "2.3.0", "cpu_py311_0", requested_spec="pytorch=2.3", depends=["python >=3.11", "libblas >=3.9"],
        files=[f"{SITE}/torch/__init__.py", f"{SITE}/torch-2.3.0.dist-info/METADATA"],
        channel="https://u:t0k@conda.example/t/tk-1/main/linux-64",
    ),
    record("libblas", "3.9.0", "22_linux64_openblas", depends=["libopenblas 0.3.27"]),
    record("libopenblas", "0.3.27", "pthreads_0"),
    record("six", "1.16.0", "pyh6c4a22f_0", subdir="noarch", files=[f"{SITE}/six-1.16.0.dist-info/METADATA"]),
    record("ruamel.yaml", "0.18.6", "py311_0", files=[f"{SITE}/ruamel.yaml-0.18.6-py3.11.egg-info"]),
    record("graphviz", "9.0.0", "h78e8752_1", requested_specs=["graphviz"]),
    record("unused", "1.0", "0", requested_spec="None"),
)  # fmt: skip


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A hand-made prefix: the records that conda leaves, and no more."""
    (tmp_path / "conda-meta").mkdir()
    for one in RECORDS:
        (tmp_path / "conda-meta" / f"{one['fn'][:-6]}.json").write_text(json.dumps(one))
    (tmp_path / "conda-meta" / "broken.json").write_text("{")
    (tmp_path / "conda-meta" / "other.json").write_text("[]")
    return tmp_path


def test_environment_yml(prefix: Path) -> None:
    """Conda's packages at their builds with all they depend on, whatever their names; the rest by pip, with hashes."""
    facts = facts_of(
        fact("torch", "2.3.0", source="conda"),
        fact("ruamel-yaml", "0.18.6", source="conda"),
        fact("six", "1.17.0"),
        fact("edproj", "1.0", source="editable"),
    )
    pins = (
        Pin("torch", "2.3.0", ("sha256:ff",)),
        Pin("six", "1.17.0", ("sha256:bb", "sha256:aa")),
        Pin("edproj", "1.0", ("sha256:cc",), "edproj-1.0-py3-none-any.whl"),
    )
    text = environment_yml(facts, conda_packages(prefix), pins)
    assert text.splitlines() == [
        "name: locked-notebook",
        "channels:",
        f"  - {FORGE}",
        "  - https://conda.example/main",
        "dependencies:",
        "  - graphviz=9.0.0=h78e8752_1",
        "  - libblas=3.9.0=22_linux64_openblas",
        "  - libopenblas=0.3.27=pthreads_0",
        "  - openssl=3.3.0=hd590300_0",
        "  - python=3.11.9=hb806964_0_cpython",
        "  - pytorch=2.3.0=cpu_py311_0",
        "  - ruamel.yaml=0.18.6=py311_0",
        "  - pip",
        "  - pip:",
        '      - "./wheels/edproj-1.0-py3-none-any.whl --hash=sha256:cc"',
        '      - "six==1.17.0 --hash=sha256:aa --hash=sha256:bb"',
    ]


def test_no_conda_environment(tmp_path: Path) -> None:
    """Where conda keeps no records there are no packages of its."""
    assert conda_packages(tmp_path) == ()
