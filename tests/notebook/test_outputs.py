"""What counts of a cell's outputs, and what is noise."""

from __future__ import annotations

import base64
import io
import time

import pytest

from jupyter_prodkit.notebook.outputs import same_outputs, shown_digest


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def shown(kind="display_data", **data):
    mimes = {"plain": "text/plain", "html": "text/html", "svg": "image/svg+xml", "png": "image/png"}
    return {"output_type": kind, "data": {mimes.get(key, key): value for key, value in data.items()}, "metadata": {}}


def raised(name, message, traceback=()):
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": list(traceback)}


SUMMARY = """                            OLS Regression Results
==============================================================================
Dep. Variable:                      y   R-squared:                       0.416
Date:                Thu, 0{day} Jan 2026   Prob (F-statistic):           2.1e-05
Time:                        12:0{day}:56   Log-Likelihood:                -12.3
"""
TABLE = "<tr>\n <th>Date:</th>             <td>Thu, 0{day} Jan 2026</td> <th>x</th>\n</tr>"

SAME = {
    "nothing": ([], []),
    "lines or one text": ([printed(["a\n", "b\n"])], [printed("a\nb\n")]),
    "printed in pieces": ([printed("a"), printed("b")], [printed("ab")]),
    "printed in pieces around a warning": ([printed("a"), printed("W", "stderr"), printed("b")], [printed("ab")]),
    "only warnings": ([printed("W 1", "stderr")], []),
    "display or result": ([shown("execute_result", plain="1")], [shown(plain="1")]),
    "address": ([shown(plain="<A at 0x7f0012ab34cd>")], [shown(plain="<A at 0x7f99ffab34c0>")]),
    "short address": ([printed("<A at 0x1f3c2b0>")], [printed("<A at 0x2f3c2b0>")]),
    "uuid": (
        [printed("run 2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d")],
        [printed("run 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")],
    ),
    "styler": ([shown(html='<td id="T_1a2b3_row0">1</td>')], [shown(html='<td id="T_fffff_row0">1</td>')]),
    "estimator": (
        [shown(html='<div id="sk-container-id-1" class="sk-top"> 77', plain="LinearRegression()")],
        [shown(html='<div id="sk-container-id-9" class="sk-top"> 88', plain="LinearRegression()")],
    ),
    "chart": ([shown(html='<div id="altair-viz-' + "a" * 32)], [shown(html='<div id="altair-viz-' + "b" * 32)]),
    "drawing": (
        [shown(svg='<dc:date>2026-01-01T10</dc:date><path id="m12ab34cd56"/>')],
        [shown(svg='<dc:date>2026-02-01T10</dc:date><path id="m99ab34cd56"/>')],
    ),
    "place of a cell": (
        [printed("/tmp/ipykernel_123/456.py:1: it")],
        [printed("/tmp/ipykernel_99/1.py:1: it")],
    ),
    "%%time": (
        [printed("CPU times: user 2 ms, sys: 0 ns\nWall time: 3 ms\n")],
        [printed("CPU times: user 5 s, sys: 1 ms\nWall time: 5.1 s\n")],
    ),
    "%timeit": (
        [printed("1.2 ms ± 3 µs per loop (mean ± std. dev. of 7 runs, 1,000 loops each)")],
        [printed("13 µs ± 3 ns per loop (mean ± std. dev. of 7 runs, 100,000 loops each)")],
    ),
    "progress bar": ([printed("  0%\r 50%\r100%\nend")], [printed("100%\nend")]),
    "progress bar of another pace": ([printed("1/3\r2/3\r3/3\r\n")], [printed("3/3\n")]),
    "erased": ([printed("1/2\b\b\b2/2")], [printed("2/2")]),
    "tqdm": ([printed("100%|##| 9/9 [00:01<00:00, 8.9it/s]")], [printed("100%|##| 9/9 [00:02<00:00, 4.5it/s]")]),
    "keras": ([printed("2/2 - 1s 5ms/step - loss: 0.5")], [printed("2/2 - 3s 7ms/step - loss: 0.5")]),
    "joblib": ([printed("Done 5 out of 5 | elapsed:    0.1s")], [printed("Done 5 out of 5 | elapsed:    1.1min")]),
    "colours": ([printed("\x1b[1;31mred\x1b[0m")], [printed("red")]),
    "summary": ([shown(plain=SUMMARY.format(day=1))], [shown(plain=SUMMARY.format(day=2))]),
    "summary as a page": ([shown(html=TABLE.format(day=1))], [shown(html=TABLE.format(day=2))]),
    "last bits": ([printed("0.30000000000000004")], [printed("0.3")]),
    "rounded up": ([printed("[1.        0.9999999999999999]")], [printed("[1. 1.]")]),
    "nought": ([printed("-1.2e-17")], [printed("0.0")]),
    "exponents": ([printed("1.0e-5")], [printed("1e-05")]),
    "spaces": ([printed("a   1\n\nb")], [printed("a 1\nb")]),
    "line of an error": (
        [raised("SyntaxError", "invalid syntax (123.py, line 3)", ["x"])],
        [raised("SyntaxError", "invalid syntax (9.py, line 4)")],
    ),
    "a widget's text": (
        [shown(plain="IntSlider(value=0)", **{"application/vnd.jupyter.widget-view+json": {"model_id": "a"}})],
        [shown(plain="IntSlider(value=0)", **{"application/vnd.jupyter.widget-view+json": {"model_id": "b"}})],
    ),
    "the text beside an image": ([shown(png="aGk=", plain="<A at 1>")], [shown(png="aG\nk=\n", plain="<A at 2>")]),
    "order of keys": (
        [shown(**{"application/json": {"a": 1, "b": [0.1 + 0.2]}})],
        [shown(**{"application/json": {"b": [0.3], "a": 1}})],
    ),
    "a figure that is still open before or after an error": (
        [raised("ValueError", "1"), shown(png="aGk=")],
        [shown(png="aGk="), raised("ValueError", "1")],
    ),
    "through JavaScript": (
        [shown(**{"application/json": {"a": 1.0}})],
        [shown(**{"application/json": {"a": 1}})],
    ),
}

OTHER = {
    "something": ([printed("a")], []),
    "text": ([printed("a")], [printed("b")]),
    "integers": ([printed("1000001")], [printed("1000002")]),
    "decimals": ([printed("0.12345")], [printed("0.12346")]),
    "sign": ([printed("-0.5")], [printed("0.5")]),
    "place of a number": ([printed("a 0.5 b")], [printed("a b 0.5")]),
    "many decimals": ([printed("1.5 2.5")], [printed("1.52.5")]),
    "printed or displayed": ([printed("1")], [shown(plain="1")]),
    "one or two displays": ([shown(plain="1")], [shown(plain="1"), shown(plain="1")]),
    "order": ([shown(plain="1"), printed("2")], [printed("2"), shown(plain="1")]),
    "printed around a display": ([printed("a"), shown(plain="1"), printed("b")], [printed("ab"), shown(plain="1")]),
    "image": ([shown(png="aGk=")], [shown(png="aGo=")]),
    "page": ([shown(html="<b>1</b>", plain="x")], [shown(html="<b>2</b>", plain="x")]),
    "error": ([raised("KeyError", "'a'")], [raised("KeyError", "'b'")]),
    "kind of error": ([raised("KeyError", "'a'")], [raised("ValueError", "'a'")]),
    "hexadecimal number": ([printed("0xff0000")], [printed("0x00ff00")]),
    "digest": ([printed("b204e9800998ec")], [printed("b204e9800999ec")]),
    "day": ([printed("Date: 2026-01-01")], [printed("Date: 2026-01-02")]),
    "last of a progress bar": ([printed("1/2\r2/2")], [printed("1/2\r1/2")]),
    "other form": ([shown(html="<b>1</b>")], [shown(plain="<b>1</b>")]),
    "json": ([shown(**{"application/json": [1]})], [shown(**{"application/json": [2]})]),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_noise_does_not_count(one, other):
    """What every run has anew is not a difference."""
    assert same_outputs(one, other)
    assert same_outputs(other, one)
    assert shown_digest(one) == shown_digest(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_is_shown_counts(one, other):
    assert not same_outputs(one, other)
    assert not same_outputs(other, one)
    assert shown_digest(one) != shown_digest(other)


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"output_type": "stream"},
        {"output_type": "stream", "name": "stdout", "text": None},
        {"output_type": "display_data"},
        {"output_type": "display_data", "data": {}},
        {"output_type": "display_data", "data": {"text/plain": None}},
        {"output_type": "display_data", "data": {"image/png": "no image"}},
        {"output_type": "display_data", "data": {"x/y": {"a": [1, object()]}}},
        {"output_type": "error"},
        {"output_type": "error", "ename": 1, "evalue": {"a": 1}},
        {"output_type": "pyout", "text": "1"},
        {"output_type": "stream", "name": "stdout", "text": "\ud800 1e999 -.5e+3 1.2.3 ٣.٤"},
    ],
)
def test_strange_outputs_are_digested_all_the_same(output):
    """A saved notebook may hold anything: that is no error of the check."""
    assert shown_digest([output]) == shown_digest([dict(output)])
    assert same_outputs([output], [dict(output)])


def picture(shade, **options):
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.new("RGB", (40, 30), (shade, 0, 0)).save(file, "png", **options)
    return shown(png=base64.b64encode(file.getvalue()).decode())


def test_images_are_compared_by_what_is_seen():
    """The same pixels, packed otherwise, are the same image."""
    pytest.importorskip("numpy")
    packed, unpacked = picture(200), picture(200, compress_level=0)
    assert packed != unpacked
    assert same_outputs([packed], [unpacked])
    assert not same_outputs([packed], [picture(100)])


def test_numbers_near_a_rounding_edge_are_the_same():
    """A digest must round somewhere; the comparison need not."""
    assert same_outputs([printed("0.12345649999999")], [printed("0.12345650000001")])


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumped 12 times over the lazy dog, " * 20_000,
        "0.123456 -1.5e-3\n" * 60_000,
        "1" * 1_000_000,
        "-" * 1_000_000,
        "e" * 1_000_000,
        "1.1" * 300_000,
        "x\r" * 500_000,
        "\b\b" * 500_000,
        "sk-T_0xit [ipykernel_ per loop Date: elapsed: time= Time: uuid-abcd-abcd-abcd- s/ " * 12_000,
        "[0:00<1, " * 100_000 + "it",
        "1." * 300_000 + "s/",
        "\r" * 1_000_000 + "x",
        "(" * 500_000 + " line 1",
        "a" * 500_000 + "ipykernel_",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_much_text_takes_no_time(text):
    """Time grows with the text and no faster, whatever stands in it."""
    began = time.thread_time()  # of our own alone: other work on the machine plays no part
    shown_digest([printed(text)])
    assert time.thread_time() - began < 1.5  # 0.03 to 0.1
