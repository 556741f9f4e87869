"""The release folder: nothing in it is run unless it is what was released, and every refusal has a reason."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from served_models import Sum, Trap
from served_process import Release, Trained

from jupyter_prodkit.runtime import Facts, ReleaseError, infer_schema, load_release, release_files, replay

PAIRS = pd.DataFrame({"a": [6.0, 1.0], "b": [3.0, 4.0]})


def _amend(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_a_released_pipeline_predicts_what_it_predicted(folder: Path, trained: Trained) -> None:
    """Loaded from its folder, the model says exactly what it said in the notebook, to the last bit."""
    model = load_release(folder)
    assert replay(model).exact
    np.testing.assert_array_equal(model.predict(trained.rows), trained.model.predict(trained.rows))


@pytest.mark.parametrize(
    ("features", "predict", "expected"),
    [
        (None, None, [9.0, 5.0]),
        ("served_models:ratio", None, [2.0, 0.25]),
        ("served_models:ratio", "served_models:halved", [1.0, 0.125]),
        (None, "served_models:halved", [4.5, 2.5]),
    ],
)
def test_the_marked_steps_stand_around_the_model(
    release: Release, features: str | None, predict: str | None, expected: list[float]
) -> None:
    """Raw rows go through the features step to the model, and through the predict step where there is one."""
    folder = release(Sum(), PAIRS, predictions=expected, features=features, predict=predict)
    model = load_release(folder)
    assert list(model.predict(PAIRS)) == expected
    assert replay(model).equal


def test_a_changed_prediction_is_found(release: Release) -> None:
    """A model that says something else than in the notebook is found, with the place and the size of the difference."""
    outcome = replay(load_release(release(Sum(), PAIRS, predictions=[9.0, 5.5])))
    assert not outcome.equal
    assert outcome.first_difference == "predictions[1]: expected 5.5, got 5.0"
    assert outcome.max_difference == 0.5


def test_a_swapped_model_is_never_unpickled(release: Release, tmp_path: Path) -> None:
    """A model file that was exchanged is refused before any of it runs; the same file with its digest would have run."""
    mark = tmp_path / "ran"
    folder = release(Sum(), PAIRS)
    trap = pickle.dumps(Trap(str(mark)))
    (folder / "model.pkl").write_bytes(trap)
    with pytest.raises(ReleaseError, match=r"model\.pkl is not the file that was released"):
        load_release(folder)
    assert not mark.exists()
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("[!m]*.json")}
    _amend(folder, files={**digests, "model.pkl": hashlib.sha256(trap).hexdigest()})
    load_release(folder)
    assert mark.exists()


@pytest.mark.parametrize("name", ["schema.json", "golden.json"])
def test_one_changed_byte_anywhere_keeps_the_model_from_running(release: Release, tmp_path: Path, name: str) -> None:
    """A change in any file of the release keeps all of it from being loaded, the model first of all."""
    mark = tmp_path / "ran"
    files = release_files(
        Facts(name="x", version="1", package="x", package_version="1", model_class="Trap"),
        model=pickle.dumps(Trap(str(mark))),
        schema=infer_schema(PAIRS),
        rows=PAIRS,
        predictions=[1, 2],
    )
    for written, content in files.items():
        (tmp_path / written).write_bytes(content + b" " if written == name else content)
    with pytest.raises(ReleaseError, match=rf"{name} is not the file that was released"):
        load_release(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["manifest.json", "model.pkl", "schema.json", "golden.json"])
def test_a_missing_file_is_named(release: Release, name: str) -> None:
    """An incomplete folder says which file it lacks."""
    folder = release(Sum(), PAIRS)
    (folder / name).unlink()
    with pytest.raises(ReleaseError, match=rf"{name} is missing in the release folder"):
        load_release(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "has format 2; this service reads format 1"),
        ({"python": "2.7"}, "made with Python 2.7; this is Python 3"),
        ({"files": {}}, "does not list golden.json, model.pkl, schema.json"),
        (
            {"features": "no_such_package.steps:features"},
            "needs no_such_package.steps:features, which can't be imported",
        ),
        ({"features": "served_models:no_such_step"}, "needs served_models:no_such_step, which can't be imported"),
        ({"predict": "served_models:NOT_A_FUNCTION"}, "which is not a function"),
        ({"package": "scikit-learn", "package_version": "0.1"}, f"needs scikit-learn 0.1; {sklearn.__version__} is"),
        ({"name": None}, "manifest.json can't be read"),
    ],
)
def test_a_release_that_does_not_fit_this_process_is_refused(
    release: Release, changes: dict[str, Any], message: str
) -> None:
    """What the release needs and this process lacks is said in one sentence, with what to do."""
    folder = release(Sum(), PAIRS)
    _amend(folder, **changes)
    with pytest.raises(ReleaseError, match=message):
        load_release(folder)


def test_files_outside_the_folder_are_not_read(release: Release) -> None:
    """A manifest can't make the service read files elsewhere."""
    folder = release(Sum(), PAIRS)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    _amend(folder, files={**files, "../secret": "0" * 64})
    with pytest.raises(ReleaseError, match="not the plain name of a file"):
        load_release(folder)


def test_a_pickle_whose_class_is_gone_says_so(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that lived only in the notebook is named, with the advice to export its cell."""
    folder = release(Sum(), PAIRS)
    monkeypatch.delattr("served_models.Sum")
    with pytest.raises(ReleaseError, match=r"can't be unpickled: AttributeError.*Sum"):
        load_release(folder)


def test_the_same_release_has_the_same_bytes(trained: Trained) -> None:
    """Pushing the same model twice writes the same files: a digest can be compared between machines."""
    facts = Facts(name="x", version="1", package="x", package_version="1", model_class="Pipeline")
    rows = trained.rows.head(3)
    made = [
        release_files(
            facts, model=b"model", schema=infer_schema(rows), rows=rows, predictions=trained.model.predict(rows)
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert json.loads(made[0]["manifest.json"])["files"]["model.pkl"] == hashlib.sha256(b"model").hexdigest()
