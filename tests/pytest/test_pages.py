# SPDX-License-Identifier: Apache-2.0
"""Pages, as a browser shows them: what is seen, and that nothing is cut off or lies on something else."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import browser

from test_plugin import BEATS

pytestmark = [pytest.mark.skipif(browser.found() is None, reason="there is no Chromium here to open pages with"),
              pytest.mark.skipif(os.geteuid() != 0, reason="pages are the same for every user")]

WIDTHS = (400, 1200, 2000)

# Of all text that is seen: whether it sticks out of the window, or of a box that cannot be scrolled.
STICKS_OUT = """(() => {
    const out = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const holder = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !holder.checkVisibility() || holder.closest("script, style, .skip, .sr, thead, option")) continue;
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        for (const box of range.getClientRects())
            if ((box.right > innerWidth + 1 || box.left < -1) && !holder.closest(".table, pre, .loglines")) out.push(walker.currentNode.data.slice(0, 60));
    }
    return out;
})()"""

# Pairs of headings, paragraphs, controls and rows that lie on each other.
OVERLAPS = """(() => {
    const boxes = [...document.querySelectorAll("h1, h2, p, dt, dd, li, th, td, button, select, input, label, summary, figcaption")]
        .filter((one) => one.checkVisibility() && !one.closest(".loglines, thead, .log, .dots"))
        .map((one) => ({one, box: one.getBoundingClientRect()})).filter(({box}) => box.width > 1 && box.height > 1);
    const out = [];
    for (let i = 0; i < boxes.length; ++i) for (let j = i + 1; j < boxes.length; ++j) {
        const a = boxes[i], b = boxes[j];
        if (a.one.contains(b.one) || b.one.contains(a.one)) continue;
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const tall = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > 2 && tall > 2) out.push([a.one.textContent.slice(0, 40), b.one.textContent.slice(0, 40)]);
    }
    return out.slice(0, 5);
})()"""

# Headings from the top of the page to its end, as they are seen.
HEADINGS = """[...document.querySelectorAll("h1, h2")].filter((one) => one.checkVisibility())
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).map((one) => one.innerText.trim())"""


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as one:
        yield one


def netcut_fl(*words, status=0):
    ended = subprocess.run(["netcut-fl", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert ended.returncode == status, ended.stdout


def look(chromium, page):
    """Opens the page at each width, and once in the dark, which has the same boxes in other colours; what must be so each time."""
    for width, dark in [(width, False) for width in WIDTHS] + [(WIDTHS[1], True)]:
        chromium.open(page, width=width, dark=dark)
        where = f"{width} pixels, {'dark' if dark else 'light'}"
        assert chromium.evaluate("document.documentElement.dataset.errors ?? ''") == "", where
        assert chromium.complaints() == [], where
        assert chromium.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
        assert chromium.evaluate(STICKS_OUT) == [], where
        assert chromium.evaluate(OVERLAPS) == [], where
    chromium.open(page, width=718, media="print")
    assert chromium.evaluate("document.documentElement.scrollWidth <= innerWidth"), "on paper"


def seen(chromium, selector):
    return chromium.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")


def names_of_lanes(chromium):
    """What is written on the chart's canvas, which is drawn anew for it."""
    return chromium.evaluate("""(() => {
        const texts = [], fillText = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) { texts.push([y, text]); fillText.apply(this, arguments); };
        dispatchEvent(new Event("resize"));
        document.querySelector(".lanes").dispatchEvent(new Event("scroll"));
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
            CanvasRenderingContext2D.prototype.fillText = fillText;
            done(texts.sort((a, b) => a[0] - b[0]).map((one) => one[1]));
        })));
    })()""")


@pytest.fixture
def beats(pytester):
    """A federation whose scenario is changed by words: beats(collaborators=2, ...)."""
    pytester.makepyfile(beats=BEATS)

    def write(**more):
        scenario = {"collaborators": 1, "ready": "listening", "progress": "re:beat ([0-9]+)",
                    "aggregator": {"command": [sys.executable, "beats.py", "echo"]},
                    "collaborator": {"command": [sys.executable, "beats.py", "{aggregator}"]}, **more}
        (pytester.path / "beats.yaml").write_text(json.dumps(scenario))
        return "beats.yaml"

    return write


def cut(**more):
    return {"kind": "drop", "on": {"log": "beat 5"}, "for": "300ms", **more}


def test_run_that_recovered(beats, chromium):
    netcut_fl("run", beats(faults=[cut()]), "--out", "run")
    look(chromium, "run/report.html")
    headings = chromium.evaluate(HEADINGS)
    assert headings[0].endswith("Recovered")
    assert headings[1:5] == ["Timeline", "Logs", "Bytes over time", "Faults"]
    chromium.open("run/report.html")
    assert {"aggregator", "collaborator1", "cut"} <= set(names_of_lanes(chromium))


def test_scripts_of_pages_have_no_name_twice():
    """All of them share one scope: of two functions of one name the last one counts, and nobody says so."""
    folder = pathlib.Path(__file__).resolve().parents[2] / "src/page/web"
    names = [name for file in sorted(folder.glob("*.js"))
             for name in re.findall(r"^(?:function|class|const|let) (\w+)", file.read_text(), re.MULTILINE)]
    assert len(names) > 100
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_grid_of_many_updates_shows_what_is_otherwise(beats, chromium):
    netcut_fl("run", beats(faults=[cut()]), "--out", "run")
    path = pathlib.Path("run/verdict.json")
    verdict = json.loads(path.read_text())
    nodes, rounds = [f"collaborator{i}" for i in range(1, 31)], [str(i) for i in range(1, 61)]
    cells = [[{"delivered": 1, "model_delivered": 1, "counted": 1} for _ in nodes] for _ in rounds]
    cells[41][16].update(counted=0, finding="not-counted")
    finding = {"finding": "not-counted", "round": "42", "node": nodes[16], "text": "round 42 went on without collaborator17"}
    verdict["safety"] = {"word": "but", "text": "but: round 42 went on without collaborator17", "findings": [finding],
                         "judged": ["counted"], "unjudged": [], "grid": {"nodes": nodes, "rounds": rounds, "cells": cells}}
    path.write_text(json.dumps(verdict))
    netcut_fl("report", "run")
    look(chromium, "run/report.html")
    rows = chromium.evaluate("""[...document.querySelectorAll("table.outcomes tr")].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))""")
    assert [row[0] for row in rows] == ["Round", "1 to 41", "42", "43 to 60"]
    assert rows[0][1:] == ["collaborator17", "29 others"]
    assert [row[2] for row in rows[1:]] == ["✓", "✓", "✓"]
    assert "not counted" in rows[2][1] and rows[3][1] == "✓"


def test_expectation_that_failed_comes_first(beats, chromium):
    netcut_fl("run", beats(faults=[cut()], expect={"verdict": "crashed"}), "--out", "run", status=1)
    look(chromium, "run/report.html")
    assert "Failed" in seen(chromium, "h1")
    assert "Not met" in seen(chromium, ".expected")
    top = "document.querySelector('{}').getBoundingClientRect().top"
    assert chromium.evaluate(top.format(".expected") + " < " + top.format(".lead"))


def test_hang_says_who_waits_for_whom(pytester, chromium):
    pytester.makepyfile(
        server="import socket\ns = socket.create_server(('', 8080), family=socket.AF_INET6, dualstack_ipv6=True)\nprint('listening')\n"
               "c = s.accept()[0]\nprint('round 1')\nc.recv(1)\n",
        client="import socket, sys\nc = socket.create_connection((sys.argv[1], 8080))\nprint('joined')\nc.recv(1)\n")
    netcut_fl("run", "--cols", 1, "--aggregator", f"{sys.executable} server.py", "--collaborator", sys.executable + " client.py {aggregator}",
              "--ready-on", "listening", "--cut-on", "joined", "--for", "300ms", "--kind", "power-off", "--hang-after", "5s", "--out", "run", status=1)
    look(chromium, "run/report.html")
    headings = chromium.evaluate(HEADINGS)
    assert headings[0].endswith("Hung")
    assert headings[1:5] == ["Why it hangs", "What shows why it hangs", "Where the nodes stood", "Timeline"]
    assert "waits for" in seen(chromium, "#why .lead")
    # Whoever opens the page sees the cause, the line and what helps, without a model that is wrong in between.
    verdict = json.loads(pathlib.Path("run/verdict.json").read_text())
    verdict["safety"] = {"word": "but", "text": "but: round 1 went on without collaborator1", "judged": ["counted"], "unjudged": [],
                         "findings": [{"finding": "not-counted", "round": "1", "node": "collaborator1", "text": "round 1 went on without it"}]}
    pathlib.Path("run/verdict.json").write_text(json.dumps(verdict))
    netcut_fl("report", "run")
    look(chromium, "run/report.html")
    for width in (400, 1200):
        for dark in (False, True):
            chromium.open("run/report.html", width=width, height=800, dark=dark)
            assert chromium.evaluate("document.querySelector('#why').getBoundingClientRect().bottom") <= 800, width
    assert re.search(r"(server|client)\.py:[0-9]+", seen(chromium, "#why")) and "What helps" in seen(chromium, "#why")
    headings = chromium.evaluate(HEADINGS)
    assert headings.index("Why it hangs") < headings.index("Is the model right?")
    assert "round 1" in seen(chromium, "#stood")
    assert "still there, the other end is gone" in seen(chromium, "#sockets")
    chromium.open("run/report.html")
    # Below the aggregator its end of the connection, which outlives the other.
    lanes = [name for name in names_of_lanes(chromium) if name.startswith(("aggregator", "collaborator", "↳"))]
    assert lanes[0] == "aggregator" and lanes[1].startswith("↳ collaborator1"), lanes


def test_link_has_a_row_below_its_node(beats, chromium):
    pathlib.Path("far.csv").write_text("0,8,40\n")
    netcut_fl("run", beats(link={"up": {"trace": "far.csv"}, "down": "20mbit"}), "--out", "run")
    look(chromium, "run/report.html")
    chromium.open("run/report.html")
    lanes = [name for name in names_of_lanes(chromium) if name.startswith(("aggregator", "collaborator", "↑"))]
    assert lanes[:2] == ["aggregator", "collaborator1"] and lanes[2].startswith("↑") and lanes[2].endswith(" Mbit/s, 40 ms"), lanes
    assert "its delay" in seen(chromium, "#timeline") and "far.csv" in seen(chromium, "#capacity")


def test_crash_shows_its_last_words_first(beats, chromium):
    broken = {"command": ["sh", "-c", "echo beat 1; sleep 0.5; echo 'no such model' >&2; exit 3"]}
    netcut_fl("run", beats(collaborator=broken), "--out", "run", status=1)
    look(chromium, "run/report.html")
    assert chromium.evaluate(HEADINGS)[1] == "Last words"
    assert "no such model" in seen(chromium, "#died")


def test_cut_that_never_came_says_what_it_waited_for(beats, chromium):
    netcut_fl("run", beats(faults=[cut(on={"log": "Beat 5"})]), "--out", "run", status=4)
    look(chromium, "run/report.html")
    assert chromium.evaluate(HEADINGS)[1] == "What never came"
    assert "upper and lower case" in seen(chromium, "#waited")


def test_ten_faults_all_have_their_names(beats, chromium):
    faults = [{"name": "slow", "kind": "rate", "rate": "100mbit", "nodes": "all", "on": "start", "for": "never"}]
    faults += [cut(name=f"cut-{i}", on={"log": f"beat {2 * i}"}, **{"for": "20ms"}) for i in range(1, 10)]
    netcut_fl("run", beats(faults=faults), "--out", "run")
    look(chromium, "run/report.html")
    for width in WIDTHS:
        chromium.open("run/report.html", width=width)
        assert {fault["name"] for fault in faults} <= set(names_of_lanes(chromium)), width


def test_many_nodes_share_a_lane_below_those_that_were_hit(chromium, pytester):
    sleeper = "sh -c 'echo joined; sleep 1'"
    netcut_fl("run", "--cols", 30, "--aggregator", "sleep 3", "--collaborator", sleeper, "--cut", "collaborator17", "--cut-on", "joined",
              "--for", "200ms", "--out", "run")
    look(chromium, "run/report.html")
    chromium.open("run/report.html")
    names = [name for name in names_of_lanes(chromium) if name in ("aggregator", "collaborator17", "29 others", "collaborator3")]
    assert names == ["aggregator", "collaborator17", "29 others"]
    chromium.evaluate("""(() => { const choice = document.getElementById("lane-choice"); choice.value = "all";
        choice.dispatchEvent(new Event("change")); })()""")
    assert "collaborator3" in names_of_lanes(chromium)


def test_experiments_link_to_their_runs(beats, chromium):
    netcut_fl("experiments", beats(faults=[cut()], experiments=[{"name": "fifth", "fault": {"on": {"log": "beat 5"}}}]),
              "--kinds", "drop", "--for", "100ms,200ms", "--out", "many")
    look(chromium, "many/report.html")
    cells = chromium.evaluate("[...document.querySelectorAll('td.outcome')].map((one) => one.innerText.split('\\n')[0].trim())")
    assert len(cells) == 2 and all(any(word in cell for word in ("recovered", "not noticed")) for cell in cells)
    assert chromium.evaluate("[...document.querySelectorAll('td.outcome a')].every((one) => one.getBoundingClientRect().width > 0)")
