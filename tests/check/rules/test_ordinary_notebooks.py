"""Notebooks as people write them, in order but for nothing: no rule has anything to say."""

from __future__ import annotations

import pytest
from asking import findings_of

NOTEBOOKS = {
    "a classifier, the way libraries show theirs": [
        "%matplotlib inline",
        "import time\n\nimport matplotlib.pyplot as plt\nimport numpy as np\n\nrng = np.random.RandomState(0)",
        "from sklearn import datasets\nX, y = datasets.load_digits(return_X_y=True)\nn_samples = len(X)\nX /= X.max()",
        ("from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, shuffle=False)"),
        ("from sklearn.linear_model import LogisticRegression\nfrom sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))"),
        "t0 = time.time()\nmodel.fit(X_train, y_train)\nprint(f'Training took {time.time() - t0:.2f} s')",
        ("from sklearn import metrics\npredicted = model.predict(X_test)\n"
        "print(f'Report for {model}:\\n{metrics.classification_report(y_test, predicted)}')"),
        "fig, axes = plt.subplots(1, 4)\nfor ax, image in zip(axes, X_test):\n    ax.imshow(image.reshape(8, 8))",
    ],
    "clusters, compared": [
        "import numpy as np\nfrom sklearn.cluster import DBSCAN, KMeans\nfrom sklearn.datasets import make_blobs",
        "X, labels = make_blobs(n_samples=500, centers=4, random_state=42)",
        "from sklearn.preprocessing import StandardScaler\nX = StandardScaler().fit_transform(X)",
        ("found = {name: est.fit_predict(X) for name, est in "
        "{'k-means': KMeans(4, n_init=10, random_state=0), 'DBSCAN': DBSCAN()}.items()}"),
        ("unique_labels = set(found['DBSCAN'])\ncolors = [cm.viridis(v) for v in np.linspace(0, 1, len(unique_labels))]\n"
        "for k, color in zip(unique_labels, colors):\n    plt.plot(*X[found['DBSCAN'] == k].T, 'o', color=color)"),
        "from sklearn.decomposition import PCA\nreduced = PCA(n_components=2).fit_transform(X)\nplt.scatter(*reduced.T)",
    ],
    "a regression, with statistics": [
        "import numpy as np\nimport pandas as pd\nimport statsmodels.api as sm\nimport statsmodels.formula.api as smf",
        "np.random.seed(12345)\nnsample = 100\nx = np.linspace(0, 10, nsample)\nbeta = np.array([1, 0.1, 10])",
        "X = sm.add_constant(np.column_stack((x, x**2)))\ny = np.dot(X, beta) + np.random.normal(size=nsample)",
        "results = sm.OLS(y, X).fit()\nprint(results.summary())",
        "from scipy import stats\nstats.norm.sf(1.5)\nR = [[0, 1, 0], [0, 0, 1]]\nprint(results.f_test(R))",
        "data = sm.datasets.macrodata.load_pandas().data\ndata.index = pd.period_range('1959Q1', '2009Q3', freq='Q')",
        "endog = np.log(data['realgdp']).diff().dropna()\nmod = sm.tsa.SARIMAX(endog, order=(1, 0, 0))\nres = mod.fit(disp=0)",
        "forecast = res.get_forecast(steps=4)\nforecast.summary_frame(alpha=0.10)",
    ],
    "a table, cleaned and drawn": [
        "import pandas as pd\nimport seaborn as sns\npd.set_option('display.max_columns', 50)",
        "url = 'https://example.org/data/titanic.csv'\ndf = pd.read_csv(url, parse_dates=['day'], na_values=['?', 'NA'])",
        "df.info()\ndf.describe(include='all')",
        "df['age'] = df['age'].fillna(df['age'].median())\ndf = df.drop_duplicates().reset_index(drop=True)",
        "df.drop(columns=['cabin', 'ticket'], inplace=True)\ndf.rename(columns=str.lower, inplace=True)",
        ("df['title'] = df['name'].str.extract(r' ([A-Za-z]+)\\.', expand=False)\n"
        "df['title'] = df['title'].replace({'Mlle': 'Miss', 'Ms': 'Miss'})"),
        "known = {'Mr', 'Mrs', 'Miss', 'Master'}\ndf.loc[~df['title'].isin(known), 'title'] = 'Rare'",
        "by_class = df.groupby(['pclass', 'sex'])['survived'].agg(['mean', 'count'])\nby_class.unstack()",
        "for column in ['age', 'fare']:\n    sns.histplot(df[column])\n    plt.show()",
        "monthly = df.set_index('day').resample('ME')['fare'].sum()\nmonthly.to_csv('monthly.csv')",
        "cutoff = pd.Timestamp('2020-06-30')\nrecent = df[df['day'] > cutoff - pd.Timedelta(days=30)]",
        "pd.read_csv('monthly.csv').tail(3)",
    ],
    "a network, trained": [
        "import torch\nfrom torch import nn\ntorch.manual_seed(0)\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'",
        ("class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(28 * 28, 10)\n\n"
        "    def forward(self, x):\n        return self.fc(x.flatten(1))"),
        "model = Net().to(device)\noptimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
        ("for epoch in range(3):\n    for xb, yb in loader:\n        loss = nn.functional.cross_entropy(model(xb), yb)\n"
        "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n    print(epoch, loss.item())"),
        "torch.save(model.state_dict(), 'model.pt')",
        "model.load_state_dict(torch.load('model.pt'))\nmodel.eval()",
        "x = torch.randn(1, 1, 28, 28)",
    ],
    "words, counted": [
        "import re\nfrom collections import Counter\nfrom pathlib import Path",
        "text = Path('book.txt').read_text() if Path('book.txt').exists() else 'It was the best of times.'",
        "words = re.findall(r'\\w+', text.lower())\nstop = {'the', 'a', 'of', 'it'}\nkept = [w for w in words if w not in stop]",
        "counts = Counter(kept)\ncounts.most_common(10)",
        "vocabulary = sorted(set(kept))\nindex = {word: i for i, word in enumerate(vocabulary)}",
        "print(f'{len(set(words))} different words, {len(vocabulary)} of them kept')",
    ],
    "settings and the outside world": [
        "#| parameters\nDATA = 'data/cars.parquet'\nAPI = 'https://api.example.org/v1'\nTIMEOUT = 10",
        "import os\nimport requests\ntoken = os.environ.get('API_TOKEN', '')\nheaders = {'Authorization': f'Bearer {token}'}",
        ("try:\n    answer = requests.get(f'{API}/cars', headers=headers, timeout=TIMEOUT)\n    answer.raise_for_status()\n"
        "except requests.RequestException as error:\n    print('no answer:', error)"),
        "try:\n    import cudf as frames\nexcept ImportError:\n    import pandas as frames",
        "with open('out.json', 'w') as f:\n    json.dump({'n': 3}, f)",
        "!echo done",
    ],
    "a model on its way out": [
        ("#| export\nimport pandas as pd\n\n\ndef features(rows):\n    seen = rows[['age', 'fare']].copy()\n"
        "    seen['old'] = rows['age'] > 60\n    return seen"),
        "df = sns.load_dataset('titanic')\ndf = df.dropna(subset=['age'])",
        ("from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, test_size=0.2, random_state=0, stratify=df['survived'])"),
        ("from sklearn.ensemble import HistGradientBoostingClassifier\n"
        "model = HistGradientBoostingClassifier(random_state=0).fit(features(train), train['survived'])"),
        "print(model.score(features(test), test['survived']))",
    ],
    "the eight plain idioms": [
        "x = 1\nx = x + 1", "l = []\nl.append(1)", "cfg = {}\ncfg['a'] = 1", "df = df.dropna()",
        "df.drop(columns='b', inplace=True)", "model.fit(X, y)", "for i in range(3):\n    y = i", "print(x)\nx = 3",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_rule_has_anything_to_say(name):
    assert [(one.rule, one.cell_id, one.because) for one in findings_of(*NOTEBOOKS[name])] == []
