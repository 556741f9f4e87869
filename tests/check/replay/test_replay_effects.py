"""What a replay does not let a cell do to the world outside, and that it says so."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from trying import folder_state, printed, ran, write_page

from jupyter_prodkit.check.replay.effects import EffectRefusedError, Guard
from jupyter_prodkit.check.replay.landlock import confine
from jupyter_prodkit.check.replay.programs import only_looks, program_in

# What a cell tries → how it is called. {out} is a folder of the user's beside the notebook's, {own} the notebook's own.
REFUSED = {
    "open('{out}/new', 'w')": "write {out}/new",
    "open('{out}/old', 'a')": "write {out}/old",
    "open('{out}/old', 'r+b')": "write {out}/old",
    "open(b'{out}/old', 'w')": "write {out}/old",
    "import pathlib\npathlib.Path('{out}/new').write_text('x')": "write {out}/new",
    "open('{own}/page.ipynb', 'w')": "write {own}/page.ipynb",
    "import os\nos.open('{out}/new', os.O_CREAT | os.O_WRONLY)": "write {out}/new",
    "import os\nos.remove('{out}/old')": "remove {out}/old",
    "import os\nos.rename('{out}/old', '{out}/new')": "move {out}/old",
    "import os\nopen('here', 'w').close()\nos.replace('here', '{out}/new')": "write {out}/new",
    "import os\nos.makedirs('{out}/a/b')": "make the folder {out}/a",
    "import os\nos.rmdir('{out}/sub')": "remove {out}/sub",
    "import os\nos.symlink('/etc', '{out}/new')": "write {out}/new",
    "import os\nos.link('page.ipynb', '{out}/new')": "write {out}/new",
    "import os\nos.truncate('{out}/old', 0)": "write {out}/old",
    "import os\nos.chmod('{out}/old', 0)": "change the permissions of {out}/old",
    "import os\nos.utime('{out}/old')": "write {out}/old",
    "import shutil\nshutil.rmtree('{out}/sub')": "remove {out}/sub",
    "import shutil\nshutil.copy('page.ipynb', '{out}/new')": "write {out}/new",
    "import shutil\nshutil.move('{out}/old', 'mine')": "move {out}/old",
    "import sqlite3\nsqlite3.connect('{out}/new.db').execute('create table t (a)')": "write {out}/new.db",
    "import pandas as pd\npd.DataFrame({{'a': [1]}}).to_csv('{out}/new.csv')": "write {out}/new.csv",
    "import numpy as np\nnp.save('{out}/new.npy', np.ones(2))": "write {out}/new.npy",
    "import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)": "connect to 127.0.0.1:{port}",
    "import socket\nsocket.gethostbyname('example.org')": "connect to example.org",
    "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.sendto(b'x', ('127.0.0.1', {port}))": "connect to 127.0.0.1:{port}",
    "import socket\nsocket.socket(socket.AF_UNIX).connect('{out}/socket')": "connect to {out}/socket",
    "import urllib.request\nurllib.request.urlopen('https://example.org/')": "connect to example.org:443",
    "import pandas as pd\npd.read_csv('http://example.org/a.csv')": "connect to example.org:80",
    "import subprocess\nsubprocess.run(['git', 'status'])": "start the program git",
    "import subprocess\nsubprocess.run('touch {out}/new; ls', shell=True)": "start the program touch",
    "import subprocess\nsubprocess.run(['sh', '-c', 'ls > {out}/new'])": "start the program ls",
    "import os\nos.system('touch {out}/new')": "start the program touch",
    "import os\nos.posix_spawn('/bin/touch', ['touch', '{out}/new'], {{}})": "start the program touch",
    "import os\nos.execv('/bin/touch', ['touch', '{out}/new'])": "start the program touch",
    "import os\nif os.fork() == 0: os._exit(0)": "start another process",
    "import pty\npty.fork()": "start another process",
    "import os\nos.kill(os.getppid(), 0)": "end the process {parent}",
    "%%bash\ntouch {out}/new": "start the program bash",
    "!touch {out}/new": "run the command `touch {out}/new`",
    "%pip install nothing-of-that-name": "run the command",
    "found = !touch {out}/new": "run the command `touch {out}/new`",
    "try:\n    open('{out}/new', 'w')\nexcept OSError:\n    print('swallowed')": "write {out}/new",
    "import threading\nt = threading.Thread(target=open, args=('{out}/new', 'w'))\nt.start()\nt.join()": "write {out}/new",
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(1) as pool: pool.map(open_to_write, ['{out}/new'])": "write elsewhere",
    "import os\nos.chdir('{out}')\nopen('new', 'w')": "write {out}/new",
}  # fmt: skip
LET = [
    "open('mine', 'w').write('x')",
    "import os\nos.makedirs('a/b', exist_ok=True)\nos.rename('a', 'c')\nos.rmdir('c/b')",
    "import os\nos.makedirs('{out}', exist_ok=True)",
    "import tempfile\nwith tempfile.TemporaryDirectory() as t: open(t + '/x', 'w').write('x')",
    "import tempfile, os\nprint(tempfile.gettempdir())",
    "open('/dev/null', 'w').write('x')",
    "open('{out}/old').read()",
    "import sqlite3\nsqlite3.connect('mine.db').execute('create table t (a)')\nsqlite3.connect(':memory:').execute('select 1')",
    "import sqlite3\nsqlite3.connect('file:{out}/base.db?mode=ro', uri=True).execute('select * from t').fetchall()",
    "import platform\nplatform.uname()\nplatform.platform()",
    "import ctypes.util\nctypes.util.find_library('m')",
    "import subprocess\nsubprocess.run(['uname', '-p'], capture_output=True).stdout",
    "!ls",
    "lines = !echo a",
    "import socket\nsocket.getaddrinfo('localhost', 80)\nsocket.gethostbyname(socket.gethostname())",
    "import asyncio\nasyncio.new_event_loop().close()",
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
    "from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2))",
    "import concurrent.futures\nwith concurrent.futures.ThreadPoolExecutor(2) as pool: list(pool.map(abs, [-1]))",
    "import os, signal\nos.kill(os.getpid(), 0)",
    "import shutil\nos.makedirs('d/e/f')\nopen('d/e/f/g', 'w').close()\nshutil.rmtree('d')",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('plot.png')",
    "import logging\nlogging.basicConfig(filename='log.txt', force=True)\nlogging.warning('x')",
    "try:\n    os.remove('{out}/is-not-there')\nexcept FileNotFoundError: pass",
    "try:\n    open('{out}/no/such/folder', 'w')\nexcept FileNotFoundError: pass",
]  # fmt: skip
HEAD = "import os\ndef open_to_write(path): open(path, 'w')"


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A folder that is the user's and not the notebook's, and a server that counts who knocks."""
    out = tmp_path_factory.mktemp("outside")
    (out / "old").write_text("old")
    (out / "sub").mkdir()
    (out / "sub" / "file").write_text("x")
    base = sqlite3.connect(out / "base.db")
    base.execute("create table t (a)")
    base.commit()
    base.close()
    knocks: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(out / "socket"))
    unix.listen()

    def count() -> None:
        with contextlib.suppress(OSError):
            while True:
                knocks.append(server.accept())

    threading.Thread(target=count, daemon=True).start()
    yield SimpleNamespace(out=out, port=server.getsockname()[1], knocks=knocks)
    server.close()
    unix.close()


def filled(text: str, outside, own: Path) -> str:
    return text.format(out=outside.out, port=outside.port, own=own, parent=os.getpid())


@pytest.fixture(scope="module")
def refused(tmp_path_factory, outside):
    """One replay in which every cell tries something."""
    own = tmp_path_factory.mktemp("refused")
    notebook = write_page(own, HEAD, *(filled(source, outside, own) for source in REFUSED))
    before = folder_state(outside.out), folder_state(own)
    replay = ran(notebook)
    assert replay.unfinished == ""
    _, *outcomes = replay.outcomes.values()
    untouched = (folder_state(outside.out), folder_state(own)) == before
    return SimpleNamespace(by_source=dict(zip(REFUSED, outcomes, strict=True)), untouched=untouched, own=own)


@pytest.mark.kernel
@pytest.mark.parametrize(("source", "words"), REFUSED.items(), ids=REFUSED)
def test_an_effect_is_refused_and_told(refused, outside, source, words):
    """Each sort of effect is stopped, whatever the cell does about it, and named in words."""
    outcome = refused.by_source[source]
    assert any(filled(words, outside, refused.own) in one for one in outcome.refused), outcome


@pytest.mark.kernel
def test_what_c_code_does_is_refused_too(tmp_path, outside):
    """A library in C asks no audit hook; the system itself says no, and the cell counts as held back."""
    if not _has_landlock():
        pytest.skip("no Landlock here")
    creat = "import ctypes\nlibc = ctypes.CDLL(None)\n"
    creat += f"if libc.creat(b'{outside.out}/by_c', 0o600) < 0: raise PermissionError(13, 'Permission denied')"
    (outcome,) = ran(write_page(tmp_path, creat)).outcomes.values()
    assert outcome.refused == ("write elsewhere, connect or start a process",)
    assert not (outside.out / "by_c").exists()


@pytest.mark.kernel
def test_nothing_has_happened_outside(refused, outside):
    """What was refused was not done."""
    assert refused.untouched
    assert outside.knocks == []


@pytest.mark.kernel
def test_a_swallowed_refusal_counts(refused):
    """A cell that hides its failure has not run as it would have."""
    swallowed = next(one for source, one in refused.by_source.items() if "swallowed" in source)
    assert swallowed.success
    assert printed(swallowed) == "swallowed\n"
    assert swallowed.refused


@pytest.mark.kernel
def test_a_shell_command_that_is_held_back_does_not_stop_the_cell(tmp_path):
    """`!pip install` at the top of a cell is no reason not to run what is below."""
    (outcome,) = ran(write_page(tmp_path, "!pip install nothing\nx = 1")).outcomes.values()
    assert (outcome.success, outcome.refused) == (True, ("run the command `pip install nothing`",))
    assert set(outcome.written) == {"x"}


@pytest.mark.kernel
def test_what_has_no_effect_outside_is_let(tmp_path, outside):
    """Files of one's own, temporary files, workers, programs that only look: all as in an ordinary run."""
    replay = ran(write_page(tmp_path, "import os", *(filled(source, outside, tmp_path) for source in LET)))
    assert {cell_id: (one.error, one.refused) for cell_id, one in replay.outcomes.items()} == dict.fromkeys(
        replay.outcomes, ("", ())
    )


@pytest.mark.kernel
def test_effects_can_be_allowed(tmp_path, outside):
    """With allow_effects the cells do what they do."""
    cells = [f"open('{outside.out}/allowed', 'w').write('x')", "import subprocess\nsubprocess.run(['true'])"]
    cells += ["import os\nprint(os.system('exit 3') >> 8)", "!touch mine", "if os.fork() == 0: os._exit(0)"]
    replay = ran(write_page(tmp_path, *cells), allow_effects=True)
    assert [(one.error, one.refused) for one in replay.outcomes.values()] == [("", ())] * len(cells)
    assert (outside.out / "allowed").read_text() == "x"
    assert not (tmp_path / "mine").exists()  # its own files go with the copy all the same
    (outside.out / "allowed").unlink()


@pytest.mark.kernel
def test_input_is_not_waited_for(tmp_path):
    """Nobody is there to answer: that is said, and the run goes on."""
    replay = ran(write_page(tmp_path, "name = input('Who?')", "x = 1"))
    assert replay.outcomes["c1"].refused == ("ask for input",)
    assert replay.outcomes["c2"].success


def test_refusals_are_permission_errors():
    """What libraries do about a lack of permission they do about a refusal."""
    guard = Guard("/nowhere", ("/nowhere",), confined=False)
    with pytest.raises(PermissionError, match="does not write /etc/x"):
        guard._hook("open", ("/etc/x", "w", os.O_WRONLY | os.O_CREAT))
    assert guard.taken() == ["write /etc/x"]
    assert guard.taken() == []
    assert issubclass(EffectRefusedError, PermissionError)


def test_without_landlock_a_database_outside_is_not_opened_for_writing(tmp_path):
    """SQLite tells of nothing but the opening."""
    (tmp_path / "a.db").touch()
    guard = Guard("/nowhere", ("/nowhere",), confined=False)
    with pytest.raises(EffectRefusedError):
        guard._hook("sqlite3.connect", (str(tmp_path / "a.db"),))
    Guard("/nowhere", ("/nowhere",), confined=True)._hook("sqlite3.connect", (str(tmp_path / "a.db"),))


@pytest.mark.parametrize(
    "arguments", [(object(), None, os.O_WRONLY), ("a\0b", "w", os.O_WRONLY), (), ("x", "w", None), (b"\xff", "w", 1)]
)
def test_a_strange_call_is_left_to_python(arguments):
    """The hook never raises but to refuse."""
    guard = Guard("/nowhere", ("/",), confined=False)
    guard._hook("open", arguments)


@pytest.mark.parametrize(
    ("call", "name", "looks"),
    [
        (("/usr/bin/fc-list", ["fc-list", "--format=%{file}"]), "fc-list", True),
        (("git", ["git", "log"]), "git", False),
        (("ls -l", "ls -l"), "ls -l", False),
        (("ls", None), "ls", True),
        (("/bin/sh", ["/bin/sh", "-c", "ls -l data"]), "ls", True),
        (("/bin/sh", ["/bin/sh", "-c", "ls | tee x"]), "ls", False),
        (("/bin/sh", ["/bin/sh", "-c", "ls $(rm x)"]), "ls", False),
        (("/bin/sh", ["/bin/sh", "-c", "ls\nrm x"]), "ls", False),
        (("/bin/sh", ["/bin/sh", "-c", "echo 'not closed"]), "echo", False),
        (("/bin/sh", [b"/bin/sh", b"-c", b"rm x"]), "rm", False),
        (("sh", []), "sh", False),
        (("/bin/sh", ["/bin/sh", "-c", ""]), "a shell", False),
        ((None, [Path("/bin/ls")]), "ls", True),
    ],
)
def test_programs_are_told_apart(call, name, looks):
    assert program_in(*call) == name
    assert only_looks(*call) is looks


def _has_landlock() -> bool:
    """Asked in another process: what is confined stays so."""
    import subprocess

    code = f"from {confine.__module__} import confine; print(confine(['/']))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"
