"""Secrets are found where they stand, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from asking import page, report_on, rules_and_cells

from jupyter_prodkit.notebook.document import Cell, Notebook

# Made up for these tests; put together here, so that no scanner takes them for real ones.
AWS = "AKIA" + "2E0A8F3B244C9986"
GITHUB = "ghp_" + "q7Wm3ZtR9yLc4VbN8xKd2HsJ6fGa1PeU5oTi"
HUGGING = "hf_" + "qwertzuiOPKLMNOPqrstuvWXYZabcdEFGH"
OPENAI = "sk-" + "proj-q7Wm3ZtR9yLc4VbN8xKd2HsJ6fGa1PeU5oTi"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MjQyNCJ9.Q7wm3ZtR9yLc4VbN8xKd2HsJ6f"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgwMbRvI0MB\n"
MADE = "q7Wm3ZtR9yLc4VbN8xKd"
WORD = "hunter22"

FINDS = [
    ("secrets/key", f"k = '{AWS}'", AWS),
    ("secrets/key", f"# {GITHUB}\nx = 1", GITHUB),
    ("secrets/key", f"login(token='{HUGGING}')", HUGGING),
    ("secrets/key", f"client = OpenAI(api_key='{OPENAI}')", OPENAI),
    ("secrets/key", f"%env OPENAI_API_KEY={OPENAI}", OPENAI),
    ("secrets/key", f"headers = {{'Authorization': 'Bearer {JWT}'}}", JWT),
    ("secrets/key", f"pem = '''{PEM}'''", "MIIEpAIB"),
    ("secrets/password", f"password = '{WORD}'", WORD),
    ("secrets/password", f"connect(user='bob', password='{WORD}')", WORD),
    ("secrets/password", f"cfg = {{'db_password': '{WORD}'}}", WORD),
    ("secrets/password", f"def connect(password='{WORD}'): pass", WORD),
    ("secrets/password", f"settings.PASSWORD = '{WORD}'", WORD),
    ("secrets/password", f"openai.api_key = '{MADE}'", MADE),
    ("secrets/password", f"os.environ['AWS_SECRET_ACCESS_KEY'] = '{MADE}/a+b'", MADE),
    ("secrets/password", f"os.environ.setdefault('WANDB_API_KEY', '{MADE}')", MADE),
    ("secrets/password", f"%env WANDB_API_KEY={MADE}", MADE),
    ("secrets/url", "engine = create_engine('postgresql://bob:Tr0ub4dor@db.corp/x')", "Tr0ub4dor"),
    ("secrets/url", "!git clone https://bob:Tr0ub4dor@corp.org/x.git", "Tr0ub4dor"),
]

SILENT = [
    "api_key = os.environ['OPENAI_API_KEY']",
    "API_KEY = 'OPENAI_API_KEY'",
    "password = getpass('Password: ')",
    "password = input('Your password: ')",
    "password = ''",
    "api_key = 'YOUR_API_KEY'",
    "api_key = '<your key>'",
    "access_token = 'xxxxxxxxxxxx1234'",
    "tokenizer = Tokenizer(pad_token='<pad>', eos_token='</s>')",
    "token = 'hello'",
    "key = 'user_id'\ndf.sort_values(key='x')",
    "primary_key = 'id123456789012'",
    "url = 'postgresql://user:password@localhost/db'",
    "url = f'postgresql://{user}:{pw}@host/db'",
    "url = 'https://example.org/a@b'",
    "dtypes = {'password': 'category'}",
    "df.rename(columns={'password': 'user_password'})",
    "password_file = '/run/secrets/pw'\npassword = '/run/secrets/pw'",
    "token_pattern = r'(?u)\\b\\w\\w+\\b'",
    "# AKIAIOSFODNN7EXAMPLE",
    "'git@github.com:a/b.git'\n'ssh://git@host/x'",
    "x = 'sk-learn-is-a-library-for-machine-learning-in-python-and-more'",
    "requests.get(u, auth=('user', pw), timeout=3)",
]


@pytest.mark.parametrize(("rule", "source", "secret"), FINDS)
def test_a_secret_is_found_and_never_shown(rule, source, secret):
    """Nothing of it stands in the report, whichever rule speaks."""
    report = report_on(page(source))
    assert [one.rule for one in report.findings if one.rule.startswith("secrets/")] == [rule]
    assert secret not in msgspec.json.encode(report).decode()


@pytest.mark.parametrize("source", SILENT)
def test_what_is_no_secret_raises_no_alarm(source):
    assert rules_and_cells(source) == []


def test_other_rules_do_not_show_it_either():
    """A path is quoted by the rule on paths; the key in it is not."""
    report = report_on(page(f"open('/home/me/{AWS}.csv')"))
    assert {one.rule for one in report.findings} >= {"paths/absolute", "secrets/key"}
    assert AWS not in msgspec.json.encode(report).decode()


def test_text_cells_are_read_too():
    notebook = Notebook(Path("n.ipynb"), (Cell("text", 0, "markdown", f"The key is {GITHUB}."),), from_file=False)
    assert [(one.rule, one.cell_id) for one in report_on(notebook).findings] == [("secrets/key", "text")]


def test_the_line_is_told():
    (finding,) = [one for one in report_on(page(f"x = 1\nk = '{AWS}'")).findings if one.rule == "secrets/key"]
    assert "an access key of AWS in line 2" in finding.because
