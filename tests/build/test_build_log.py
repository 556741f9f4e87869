"""The builder's stream as the engine sends it: items of JSON, lines cut anywhere."""

from __future__ import annotations

import pytest

from jupyter_prodkit.build.image_build import BuildLog
from jupyter_prodkit.errors import BuildError, CancelledError
from jupyter_prodkit.progress import Progress, ProgressEvent


def listened() -> tuple[BuildLog, list[ProgressEvent]]:
    events: list[ProgressEvent] = []
    return BuildLog(Progress(events.append), share=0.8), events


def test_steps_become_stages_with_their_share_and_output_becomes_lines() -> None:
    log, events = listened()
    for text in ("Step 3/5 : RUN  pip   install x\n", " ---> Running in 1a2b\n", "Collecting x\nDown", "loading x\n"):
        log.take({"stream": text})
    assert events == [
        ProgressEvent("stage", "Step 3/5 : RUN pip install x", 0.8 * 2 / 5),
        ProgressEvent("log", "Collecting x"),
        ProgressEvent("log", "Downloading x"),
    ]


def test_colours_and_pull_bars_are_left_out() -> None:
    log, events = listened()
    log.take({"stream": "\x1b[91mResolved 2 packages\n"})
    log.take({"stream": "\x1b[0m"})
    log.take({"status": "Pulling from library/python", "id": "3.11"})
    log.take({"status": "Downloading", "id": "f00", "progressDetail": {"current": 1, "total": 9}})
    assert [event.message for event in events] == ["Resolved 2 packages", "3.11 Pulling from library/python"]


def test_a_long_instruction_is_shortened_on_screen_and_whole_in_the_error() -> None:
    log, events = listened()
    instruction = "RUN " + "word " * 60 + "end"
    log.take({"stream": f"Step 1/1 : {instruction}\n"})
    assert len(events[0].message) <= 100
    with pytest.raises(BuildError, match=r"word word end failed"):
        log.take({"error": "returned a non-zero code: 2"})


def test_a_failure_names_the_instruction_and_its_last_lines_only() -> None:
    log, _ = listened()
    log.take({"stream": "Step 1/2 : RUN echo before\nbefore\nStep 2/2 : RUN uv pip install\n ---> Running in 9\n"})
    log.take({"stream": "".join(f"line {number}\n" for number in range(30))})
    with pytest.raises(BuildError) as caught:
        log.take({"error": "The command returned a non-zero code: 1", "errorDetail": {"code": 1}})
    assert caught.value.message.startswith("The image was not built. RUN uv pip install failed:\n  line 20\n")
    assert caught.value.message.endswith("line 29")
    assert "before" not in caught.value.message
    assert "non-zero code: 1" in caught.value.hint


def test_a_failure_without_any_output_says_what_the_engine_said() -> None:
    log, _ = listened()
    log.take({"stream": "Step 1/2 : FROM nowhere:1\n"})
    with pytest.raises(BuildError, match=r"FROM nowhere:1 failed:\n  manifest unknown"):
        log.take({"error": "manifest unknown"})


def test_the_images_digest_is_kept() -> None:
    log, _ = listened()
    assert log.image is None
    log.take({"aux": {"ID": "sha256:abc"}})
    assert log.image == "sha256:abc"


def test_a_cancel_is_noticed_at_the_next_line() -> None:
    log, _ = listened()
    log.progress.cancel()
    with pytest.raises(CancelledError):
        log.take({"stream": "a line\n"})
