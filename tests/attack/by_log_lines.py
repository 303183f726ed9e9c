# SPDX-License-Identifier: Apache-2.0
"""What a node prints: it is read by the tool, by terminals, by browsers and by CI, and must stay text everywhere."""
import json
import os
import time
import xml.parsers.expat

from harness import ALICE, attempt, check

EVIL = [  # the first is a trigger's line, the last ones are a crashed node's last words
    "\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.exe\uffff", "</script><script>alert(1)</script>", "]]><failure/>",
    "<img src=x onerror=alert(1)>", '{"event":"fault.healed"}\n{"event"', "&amp;&#0;<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "__proto__", "\u2028\u2029", "\uffff\ufffe", "\x00\x01\x08", "\ud800", "\u202egnp.exe", "\u009b31m", "\x1b]0;owned\x07\x1b[2J",
]
FORBIDDEN_ON_SCREENS = ["\x1b]", "\x1b[2J", "\x07", "\u009b", "\u202e", "\x08"]


def failed_run(daemon):
    """The folder and the last screen of a run whose nodes print all of it, as lines that match and as last words."""
    path = daemon.home(ALICE) + "/evil.py"
    with open(path, "w") as file:
        file.write("import os, sys\nevil = " + ascii(EVIL) + """
for text in evil:
    os.write(1, b"MATCH " + text.encode("utf-8", "surrogatepass") + b"\\xff\\xc3\\x28\\n")
os.write(1, b"MATCH \\xef\\xbf\\xbf\\n")
for text in evil:
    os.write(2, b"Traceback " + text.encode("utf-8", "surrogatepass") + b"\\n")
sys.exit(3)
""")
    out = f"{daemon.home(ALICE)}/evil{time.monotonic_ns()}"
    with open(daemon.home(ALICE) + "/evil.yaml", "w") as file:
        file.write(f"""
name: evil
collaborators: 1
aggregator: {{command: [sleep, "1"]}}
collaborator: {{command: [python3, {path}]}}
faults:
  - {{name: cut, kind: drop, on: {{log: MATCH}}, for: 50ms}}
expect:
  logs: [{{node: collaborator1, line: "re:MATCH (.*)", equals: nothing}}]
""")
    done = daemon.cli(ALICE, "run", "evil.yaml", "--out", out)
    with open(out + "/logs/collaborator1.err", errors="surrogateescape") as file:
        check("onerror" in file.read(), "the node did not print it all")
    check(os.path.exists(out + "/verdict.json"), "the run left no verdict: " + done.stderr)
    return out, done.stdout + done.stderr


@attempt("breaks junit.xml, so that CI reads another outcome")
def junit(daemon):
    out, _ = failed_run(daemon)
    parser = xml.parsers.expat.ParserCreate()
    names = []
    parser.StartElementHandler = lambda name, attributes: names.append(name)
    with open(out + "/junit.xml", "rb") as file:
        try:
            parser.ParseFile(file)
        except xml.parsers.expat.ExpatError as error:
            check(False, f"junit.xml is not well-formed: {error}")
    check("failure" in names, "the crash is no failure")
    return "junit.xml is whole and has the failure"


@attempt("writes lines of its own into the journal")
def journal(daemon):
    out, _ = failed_run(daemon)
    healed = 0
    with open(out + "/journal.jsonl", "rb") as file:
        for line in file:
            healed += json.loads(line)["event"] == "fault.healed"
    check(healed <= 1, f"{healed} heals are recorded, of one cut")
    return "each line of the journal is one event of the tool's"


@attempt("runs a script in the report")
def report(daemon):
    out, _ = failed_run(daemon)
    with open(out + "/report.html", encoding="utf-8", errors="surrogateescape") as file:
        page = file.read()
    check("alert(1)</script>" not in page and "<img src=x" not in page, "markup of a node is markup of the page")
    check("Content-Security-Policy" in page, "the page has no policy")
    return "markup of a node is text there, and a policy names the page's own script"


@attempt("controls the terminal of who runs the tool")
def screen(daemon):
    _, shown = failed_run(daemon)
    for text in FORBIDDEN_ON_SCREENS:
        check(text not in shown, f"{text!a} reaches the screen")
    return "no escape sequence, control character or mark of direction reaches the screen"


@attempt("controls the terminal of who reads the run again (report, verify)")
def read_again(daemon):
    out, _ = failed_run(daemon)
    for command in ("verify", "report"):
        done = daemon.cli_of_files(ALICE, command, out)
        shown = done.stdout + done.stderr
        for text in FORBIDDEN_ON_SCREENS:
            check(text not in shown, f"{text!a} reaches the screen of {command}")
    return "verify and report show text"


@attempt("delays the heal of a cut by lines without end")
def flood(daemon):
    return heal_on_time(daemon, "import os\nwhile True: os.write(1, b'x' * 65536 + b'\\n' * 1000)\n")


@attempt("delays the heal of a cut by many distinct rounds")
def rounds(daemon):
    return heal_on_time(daemon, """
import os
for i in range(0, 200000, 500):
    os.write(1, b"".join(b"step %d\\n" % n for n in range(i, i + 500)))
""", "--progress-on", "re:step ([0-9]+)")


def heal_on_time(daemon, script, *more):
    """A cut of 300 ms ends on time while the other node prints."""
    path = f"{daemon.home(ALICE)}/flood{time.monotonic_ns()}.py"
    with open(path, "w") as file:
        file.write(script)
    out = f"{daemon.home(ALICE)}/flood{time.monotonic_ns()}"
    daemon.cli(ALICE, "run", "--cols", "1", "--out", out, "--grace", "200ms", "--timeout", "3s", "--aggregator", f"python3 {path}",
               "--collaborator", "sh -c 'echo go; sleep 1.5'", "--cut-on", "go", "--kind", "down", "--reconnect-after", "300ms", *more)
    fired = healed = None
    with open(out + "/journal.jsonl") as file:
        for line in file:
            event = json.loads(line)
            if event["event"] == "fault.fired" and fired is None:
                fired = event["t_ns"]
            if event["event"] == "fault.healed" and healed is None:
                healed = event["t_ns"]
    check(fired is not None and healed is not None, "the cut was not fired and healed")
    lasted = (healed - fired) / 1e9
    check(lasted < 0.8, f"a cut of 0.3 s lasted {lasted:.2f} s")
    return f"a cut of 0.3 s lasted {lasted:.3f} s"


@attempt("fills the tool's memory by a line without an end")
def long_line(daemon):
    path = daemon.home(ALICE) + "/long.py"
    with open(path, "w") as file:
        file.write("import os\nfor _ in range(2000): os.write(1, b'x' * 65536)\nos.write(1, b'\\nlast\\n')\n")
    out = f"{daemon.home(ALICE)}/long{time.monotonic_ns()}"
    # 64 MiB of address space for the heap of 128 MiB of output, were it kept.
    daemon.cli(ALICE, "run", "--cols", "1", "--out", out, "--aggregator", f"python3 {path}", "--collaborator", "true")
    size = os.path.getsize(out + "/logs/aggregator.out")
    check(size == 2000 * 65536 + 6, f"{size} bytes are in the log")
    with open(out + "/journal.jsonl") as file:
        check(max(len(line) for line in file) < 1 << 20, "the journal has a line of more than 1 MiB")
    return "every byte is in the log, and no long line is anywhere else"
