"""Files that are not there."""

from __future__ import annotations

import pytest
from asking import page, report_on

from jupyter_prodkit.check.look_around import look_around

PANDAS = "import pandas as pd"

# Pages on which the last cell reads what is not there; only `there.csv` is.
MISSING = [
    [PANDAS, "df = pd.read_csv('gone.csv')"],
    [PANDAS, "df = pd.read_csv(filepath_or_buffer='gone.csv')"],
    [PANDAS, "df = pd.read_parquet('data/gone.parquet')"],
    ["text = open('gone.txt').read()"],
    ["with open('gone.json', 'rb') as f:\n    pass"],
    ["import numpy as np", "np.load('gone.npy')"],
    ["import joblib", "model = joblib.load('gone.pkl')"],
    ["from PIL import Image", "Image.open('gone.png')"],
    [PANDAS, "for _ in range(1):\n    pd.read_csv('../gone.csv')"],
]
SILENT = [
    [PANDAS, "pd.read_csv('there.csv')"],
    [PANDAS, "df.to_csv('gone.csv')", "pd.read_csv('gone.csv')"],
    [PANDAS, "with open('gone.csv', 'w') as f:\n    f.write('a')", "pd.read_csv('gone.csv')"],
    [PANDAS, "%%writefile gone.csv\na,b", "pd.read_csv('gone.csv')"],
    [PANDAS, "!wget https://example.org/data.zip", "pd.read_csv('gone.csv')"],
    [PANDAS, "zipfile.ZipFile('there.zip').extractall()", "pd.read_csv('gone.csv')"],
    [PANDAS, "%cd data", "pd.read_csv('gone.csv')"],
    [PANDAS, "import os\nos.chdir('data')", "pd.read_csv('gone.csv')"],
    [PANDAS, "from urllib.request import urlretrieve\nurlretrieve(u, 'gone.csv')", "pd.read_csv('gone.csv')"],
    [PANDAS, "pd.read_csv('https://example.org/gone.csv')", "pd.read_csv('s3://bucket/gone.csv')"],
    [PANDAS, "pd.read_csv(f'{folder}/gone.csv')", "pd.read_csv(folder + 'gone.csv')", "pd.read_csv('part-*.csv')"],
    [PANDAS, "if os.path.exists('gone.csv'):\n    pd.read_csv('gone.csv')"],
    [PANDAS, "try:\n    pd.read_csv('gone.csv')\nexcept FileNotFoundError:\n    pass"],
    [PANDAS, "def load():\n    return pd.read_csv('gone.csv')"],
    [PANDAS, "OUT = 'gone.csv'\nsave(OUT)", "pd.read_csv('gone.csv')"],
    [PANDAS, "pd.read_json('{\"a\": [1]}')", "pd.read_csv('a b')"],
    ["open('gone.txt', 'w').close()", "open('gone.log', 'a')", "open('x.txt', mode)"],
    ["import seaborn as sns", "sns.load_dataset('tips')"],
]


def findings_in(folder, sources):
    (folder / "there.csv").write_text("a\n1\n")
    notebook = page(*sources, path=folder / "n.ipynb")
    report = report_on(notebook, look_around(notebook))
    return [(one.rule, one.cell_id) for one in report.findings if one.rule.startswith("paths/")]


@pytest.mark.parametrize("sources", MISSING, ids=str)
def test_a_file_that_is_not_there(sources, tmp_path):
    assert findings_in(tmp_path, sources) == [("paths/missing", f"c{len(sources)}")]


@pytest.mark.parametrize("sources", SILENT, ids=str)
def test_a_file_that_is_there_or_may_be_by_then(sources, tmp_path):
    assert findings_in(tmp_path, sources) == []


def test_of_a_folder_that_is_not_known_nothing_is_said():
    notebook = page(PANDAS, "pd.read_csv('gone.csv')")
    assert look_around(notebook).missing_files == frozenset()
