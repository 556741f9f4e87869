"""Outside programs: no line is lost, nothing blocks, and a cancel leaves no process behind."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.subprocesses import Finished, another_pythons_environment, run_program


def python(code: str, progress: Progress | None = None, **options: object) -> Finished:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return run_program(command, progress or Progress(), **options)  # type: ignore[arg-type]


def is_gone(number: int) -> bool:
    """Whether a process has ended; an unreaped one has."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def cancelled_when(ready: Path, code: str, **options: object) -> float:
    """Run `code`, cancel once it has made the file `ready`; return how many seconds the end took."""
    progress = Progress()
    asked: list[float] = []

    def cancel() -> None:
        wait_for(ready.exists)
        asked.append(time.monotonic())
        progress.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(CancelledError):
        python(code, progress, **options)
    canceller.join()
    return time.monotonic() - asked[0]


def test_everything_a_program_says_comes_back() -> None:
    """Status, output and complaints come back whole, and a non-zero status is no error."""
    done = python("import sys; print('out'); print('é ✓', file=sys.stderr); sys.exit(3)")
    assert done == Finished(3, "out\n", "é ✓\n")


def test_each_line_becomes_progress_in_order() -> None:
    """The user sees every line that the program prints to stderr, in order, the very last ones included."""
    seen: list[ProgressEvent] = []
    done = python(
        """
        import os, sys
        for number in range(200_000):
            sys.stderr.write(f"{number}\\n")
        sys.stderr.write("no newline at the end")
        sys.stderr.flush()
        os._exit(0)
        """,
        Progress(seen.append),
    )
    assert [event.message for event in seen] == [*map(str, range(200_000)), "no newline at the end"]
    assert {event.kind for event in seen} == {"log"}
    assert done.stderr.count("\n") == 200_000


def test_much_output_on_both_pipes_blocks_nobody() -> None:
    """A program that fills both pipes far beyond what they hold runs to its end."""
    done = python("import sys; sys.stdout.write('o' * 30_000_000); sys.stderr.write('e' * 30_000_000)")
    assert (done.status, len(done.stdout), len(done.stderr)) == (0, 30_000_000, 30_000_000)


def test_a_long_input_meets_a_program_that_answers_meanwhile() -> None:
    """Input larger than a pipe reaches a program that prints more than a pipe before it reads."""
    text = "line\n" * 500_000
    done = python("import sys; print('x' * 1_000_000); print(len(sys.stdin.read()))", stdin=text)
    assert done.stdout.split()[1] == str(len(text))


def test_a_program_that_never_reads_its_input_can_be_cancelled(tmp_path: Path) -> None:
    """Input that nobody takes does not make the step deaf to a cancel."""
    ready = tmp_path / "ready"
    code = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(600)"
    assert cancelled_when(ready, code, stdin="x" * 10_000_000) < 2


def test_a_program_that_ends_without_reading_is_no_error() -> None:
    """Its status says why it ended; the broken pipe is not the user's business."""
    assert python("raise SystemExit(4)", stdin="x" * 10_000_000).status == 4


def test_bytes_that_are_not_text_are_shown_as_such() -> None:
    """Output in another encoding never breaks a step."""
    assert python(r"import sys; sys.stdout.buffer.write(b'a\xff\n')").stdout == "a�\n"


def test_credentials_do_not_reach_the_screen() -> None:
    """A password in a URL that a tool prints is taken out before anybody sees the line."""
    seen: list[str] = []
    python(
        "import sys; sys.stderr.write('fetching https://me:hunter2@index.test/simple\\n')",
        Progress(lambda event: seen.append(event.message)),
    )
    assert seen == ["fetching https://index.test/simple"]


FAMILY = """
import os, pathlib, signal, subprocess, sys, time
{before}
child = subprocess.Popen([sys.executable, "-c", "import signal, time; {child}; time.sleep(600)"])
time.sleep(0.5)
pathlib.Path({ready!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.mark.parametrize(
    ("parent", "child", "longest"),
    [("", "pass", 2), (DEAF, "pass", 4), ("", DEAF, 4), (DEAF, DEAF, 4)],
    ids=["polite", "deaf-parent", "deaf-child", "both-deaf"],
)
def test_a_cancel_ends_the_whole_family(tmp_path: Path, parent: str, child: str, longest: float) -> None:
    """A cancel leaves neither the program nor its children, even those that ignore being asked."""
    ready = tmp_path / "ready"
    code = FAMILY.format(before=parent, child=child, ready=str(ready))
    assert cancelled_when(ready, code, grace_seconds=1) < longest
    for number in ready.read_text().split():
        wait_for(lambda number=int(number): is_gone(number), 2)  # type: ignore[misc]


def test_time_to_clean_up_is_given(tmp_path: Path) -> None:
    """A program that cleans up when it is asked to end has the time for it."""
    ready, cleaned = tmp_path / "ready", tmp_path / "cleaned"
    cancelled_when(
        ready,
        f"""
        import pathlib, signal, sys, time
        def clean(*_):
            time.sleep(1)
            pathlib.Path({str(cleaned)!r}).touch()
            sys.exit()
        signal.signal(signal.SIGTERM, clean)
        pathlib.Path({str(ready)!r}).touch()
        time.sleep(600)
        """,
        grace_seconds=10,
    )
    assert cleaned.exists()


def test_ctrl_c_ends_the_program_too(tmp_path: Path) -> None:
    """An interrupt of the notebook ends the program before it is passed on."""
    ready = tmp_path / "ready"

    def interrupt() -> None:
        wait_for(lambda: ready.exists() and bool(ready.read_text()))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    code = f"import os, pathlib, time; pathlib.Path({str(ready)!r}).write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        python(code)
    assert is_gone(int(ready.read_text()))


def test_what_a_program_leaves_running_does_not_hold_the_step(tmp_path: Path) -> None:
    """A background process that keeps the pipes open ends with the program, and nothing it said before is lost."""
    number = tmp_path / "number"
    began = time.monotonic()
    done = python(
        f"""
        import pathlib, subprocess, sys
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path({str(number)!r}).write_text(str(left.pid))
        print("done")
        """
    )
    assert done == Finished(0, "done\n", "")
    assert time.monotonic() - began < 5
    wait_for(lambda: is_gone(int(number.read_text())), 2)


def test_a_listener_that_fails_leaves_no_process(tmp_path: Path) -> None:
    """If showing a line raises, the program is ended before the error goes on."""
    number = tmp_path / "number"

    def fail(event: ProgressEvent) -> None:
        raise RuntimeError(event.message)

    with pytest.raises(RuntimeError, match="hello"):
        python(
            f"""
            import os, pathlib, sys, time
            pathlib.Path({str(number)!r}).write_text(str(os.getpid()))
            print("hello", file=sys.stderr, flush=True)
            time.sleep(600)
            """,
            Progress(fail),
        )
    assert is_gone(int(number.read_text()))


def test_a_cancelled_step_starts_nothing(tmp_path: Path) -> None:
    """After a cancel no further program is started."""
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        python(f"import pathlib; pathlib.Path({str(tmp_path / 'made')!r}).touch()", progress)
    assert not (tmp_path / "made").exists()


def test_a_cancel_that_comes_too_late_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program did before it ended is done: its result comes back, and the step's next stage notices the cancel."""
    monkeypatch.setattr(
        "jupyter_prodkit.subprocesses._POLL_SECONDS", 2.0
    )  # it says its last and ends between two looks
    progress = Progress(lambda event: progress.cancel() if event.message == "last" else None)
    done = python("import os, sys; sys.stderr.write('last\\n'); sys.stderr.flush(); os._exit(0)", progress)
    assert done.stderr == "last\n"
    with pytest.raises(CancelledError):
        progress.stage("next")


def test_a_program_that_is_not_there_is_said_so() -> None:
    """The caller learns that the program does not exist."""
    with pytest.raises(FileNotFoundError):
        run_program(["no-such-program-anywhere"], Progress())


def test_a_python_of_another_place_gets_nothing_that_only_holds_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/here")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    found = another_pythons_environment()
    assert "/here" not in found.values()
    assert (found["MPLBACKEND"], found["HTTPS_PROXY"]) == ("agg", "http://proxy:3128")
