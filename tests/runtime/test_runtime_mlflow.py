"""MLflow's own scoring server and ours, side by side: the same bodies, the same predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from served_process import Release, Service, Start, Trained

from jupyter_prodkit.runtime import infer_schema, request_for
from jupyter_prodkit.runtime.predictions import to_jsonable

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("fastapi")
from mlflow.models import infer_signature
from mlflow.pyfunc import scoring_server
from sklearn.linear_model import LinearRegression
from starlette.testclient import TestClient

JSON = "application/json"


def _mlflow_client(model: Any, rows: Any, folder: Path) -> TestClient:
    signature = infer_signature(rows, model.predict(rows))
    mlflow.sklearn.save_model(
        model, folder, signature=signature, serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    return TestClient(scoring_server.init(mlflow.pyfunc.load_model(str(folder))))


@pytest.fixture(scope="module")
def theirs(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    return _mlflow_client(trained.model, trained.rows, tmp_path_factory.mktemp("mlflow") / "model")


def _documents(rows: pd.DataFrame) -> dict[str, Any]:
    split = json.loads(json.dumps(request_for(infer_schema(rows), rows)))["dataframe_split"]
    records = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
    shuffled = [{"id": 7, **dict(reversed(record.items()))} for record in records]
    whole = {**records[1], "fare": 12, "age": 30}
    return {
        "split": {"dataframe_split": split},
        "split with index": {"dataframe_split": {**split, "index": list(range(50, 50 + len(rows)))}},
        "records": {"dataframe_records": records},
        "records shuffled, with extras": {"dataframe_records": shuffled},
        "records with a key left out": {
            "dataframe_records": [records[1], {k: v for k, v in records[2].items() if k != "age"}]
        },
        "whole numbers where fractions were": {"dataframe_records": [whole, records[1]]},
        "inputs": {
            "inputs": {
                name: [record[name] for record in records[1:5]] for name in ("age", "fare", "cabins", "port", "crew")
            }
        },
        "instances": {"instances": records[1:5]},
        "params": {"dataframe_records": records[1:3], "params": None},
    }


NAMES = list(_documents(pd.DataFrame({"age": [1.0] * 5, "fare": 1.0, "cabins": 1, "port": "x", "crew": True})))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_body_gets_the_same_predictions(
    service: Service, theirs: TestClient, trained: Trained, name: str
) -> None:
    """A client of `mlflow models serve` changes the address and nothing else."""
    body = json.dumps(_documents(trained.rows.iloc[1:9])[name])
    expected = theirs.post("/invocations", content=body, headers={"content-type": JSON})
    assert expected.status_code == 200, expected.text
    assert service.ask("POST", "/invocations", body.encode(), content_type=JSON).json == expected.json()


def test_the_same_csv_gets_the_same_predictions(service: Service, theirs: TestClient, trained: Trained) -> None:
    """CSV as pandas writes it, gaps and index column included, is read alike."""
    body = trained.rows.to_csv()
    expected = theirs.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert expected.status_code == 200, expected.text
    assert service.ask("POST", "/invocations", body.encode(), content_type="text/csv").json == expected.json()


@pytest.fixture(scope="module")
def arrays(start: Start, release: Release, tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, TestClient]:
    rows = np.random.default_rng(1).normal(size=(30, 2))
    model = LinearRegression().fit(rows, rows @ [2.0, -1.0] + 0.5)
    theirs = _mlflow_client(model, rows, tmp_path_factory.mktemp("mlflow") / "model")
    return start(release(model, rows[:4])), theirs


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [[1.0, 2.0], [3.0, 4.5]]},
        {"instances": [[1, 2], [3, 4]]},
        {"dataframe_split": {"columns": ["p", "q"], "data": [[1.0, 2.0]]}},
        {"dataframe_split": {"data": [[1.0, 2.0]]}},
        {"dataframe_records": [{"p": 1.0, "q": 2.5}]},
    ],
    ids=lambda document: next(iter(document)),
)
def test_a_model_of_arrays_gets_the_same_predictions(arrays: tuple[Service, TestClient], document: Any) -> None:
    """A model trained on an array takes the same bodies as MLflow's tensor signature."""
    ours, theirs = arrays
    expected = theirs.post("/invocations", content=json.dumps(document), headers={"content-type": JSON})
    assert expected.status_code == 200, expected.text
    assert ours.post(document).json == expected.json()


@pytest.mark.parametrize(
    "predictions",
    [
        np.array([[0.25, 0.75]]),
        np.array(["a", "b"]),
        pd.Series([1.5, 2.5]),
        pd.Series([1.5], name="price"),
        pd.DataFrame({"label": ["a"], "p": [0.5]}),
        [1, 2.5, "x", None, True],
        {"label": np.array([1, 2])},
        [np.float32(0.1), np.int64(3)],
    ],
    ids=str,
)
def test_predictions_are_written_alike(predictions: Any) -> None:
    """Arrays, series, frames and lists become the JSON that MLflow's clients expect."""
    import io

    written = io.StringIO()
    scoring_server.predictions_to_json(predictions, written)
    assert to_jsonable(predictions) == json.loads(written.getvalue())["predictions"]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"dataframe_split": [1]}',
        '{"dataframe_records": {"a": 1}}',
        '{"dataframe_split": {"columns": ["a"]}}',
    ],
)
def test_what_mlflow_refuses_is_refused_with_the_same_code(service: Service, theirs: TestClient, body: str) -> None:
    """A client that reads `error_code` finds the same one."""
    expected = theirs.post("/invocations", content=body, headers={"content-type": JSON})
    reply = service.ask("POST", "/invocations", body.encode(), content_type=JSON)
    assert (reply.status, reply.json["error_code"]) == (expected.status_code, expected.json()["error_code"])
