# SPDX-License-Identifier: Apache-2.0
"""What runners of GitHub, GitLab and Jenkins do with a job, as far as docs/ci.md needs it, without any container."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
UPLOAD = "actions/upload-artifact@v4"

# Installs nothing: what is tested is in PATH. Whoever is asked for a right has it.
STAND_INS = {
    "sudo": '#!/bin/bash\nwhile [[ "$1" == -* ]]; do shift; done\nexec "$@"\n',
    "apt-get": '#!/bin/bash\n[ "$1" = install ] && [ -f "${!#}" ] && echo "${!#}" >>"$RUNNER_TEMP/installed"\n',
}


class Job:
    """What has become of a job: whether it passed, what it printed, what it told its CI."""

    def __init__(self):
        self.passed = True
        self.log = ""
        self.annotations = []  # (level, title, text)
        self.summary = ""
        self.artifacts = {}  # name: names of files


def documented_files():
    """{name: text} of the files in docs/ci.md."""
    text = (ROOT / "docs/ci.md").read_text()
    return dict(re.findall(r"^\*\*(\S+)\*\*\n```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


class Machine:
    """A checkout, and programs that stand in for those of a runner."""

    def __init__(self, folder):
        self.folder = folder
        self.checkout = folder / "checkout"
        shutil.copytree(ROOT / "tools/pytest/example", self.checkout, ignore=shutil.ignore_patterns("__pycache__"))
        for name, text in documented_files().items():
            path = self.checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        programs = folder / "programs"
        programs.mkdir()
        for name, text in STAND_INS.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (programs / "python3").symlink_to(sys.executable)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "CI": "true",
                            "RUNNER_TEMP": str(folder)}

    def shell(self, command, script, more):
        """Exit status and output of a script; `command` is followed by its file."""
        file = self.folder / "script.sh"
        file.write_text(script)
        done = subprocess.run([*command, str(file)], cwd=self.checkout, env={**self.environment, **more}, timeout=600,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
        return done.returncode, done.stdout

    def files(self, pattern):
        path = self.checkout / pattern.replace("/**", "")
        return [one.name for one in path.rglob("*") if one.is_file()] if path.is_dir() else [one.name for one in [path] if one.exists()]


class GitHub:
    """https://docs.github.com/actions/reference/workflows-and-actions: composite actions, run, if, env, with."""

    def __init__(self, machine):
        self.machine = machine
        self.summary = machine.folder / "summary.md"

    def run_job(self, workflow, name):
        self.summary.write_text("")
        job = Job()
        self._steps(yaml.safe_load((self.machine.checkout / workflow).read_text())["jobs"][name]["steps"], {}, job)
        job.summary = self.summary.read_text()
        return job

    def run_action(self, inputs):
        self.summary.write_text("")
        job = Job()
        self._steps([{"uses": "YOUR-ORG/netcut-fl@main", "with": inputs}], {}, job)
        job.summary = self.summary.read_text()
        return job

    def _steps(self, steps, inputs, job):
        for step in steps:
            if self._wanted(step.get("if", "success()"), inputs, job):
                self._step(step, inputs, job)

    def _step(self, step, inputs, job):
        given = {key: self._text(value, inputs) for key, value in step.get("with", {}).items()}
        if "run" in step:
            return self._run(step, inputs, job)
        if step["uses"] == UPLOAD:
            job.artifacts[given["name"]] = self.machine.files(given["path"])
        elif re.fullmatch(r"\S+/netcut-fl@\S+", step["uses"]):
            action = yaml.safe_load((ROOT / "action.yml").read_text())
            unknown = set(given) - set(action["inputs"])
            assert not unknown, f"the action has no input {unknown}"
            defaults = {key: one.get("default") for key, one in action["inputs"].items()}
            self._steps(action["runs"]["steps"], {**defaults, **given}, job)
        else:
            assert step["uses"] == "actions/checkout@v4", step["uses"]

    def _run(self, step, inputs, job):
        variables = {key: self._text(value, inputs) for key, value in step.get("env", {}).items()}
        variables.update(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(self.summary))
        status, output = self.machine.shell(["bash", "--noprofile", "--norc", "-eo", "pipefail"],
                                            self._text(step["run"], inputs), variables)
        job.passed = job.passed and status == 0
        job.log += output
        job.annotations += annotations_in(output)

    @staticmethod
    def _text(value, inputs):
        return re.sub(r"\$\{\{ inputs\.(\S+) \}\}", lambda match: inputs[match.group(1)], str(value))

    @staticmethod
    def _wanted(condition, inputs, job):
        def holds(term):
            match = re.fullmatch(r"inputs\.(\S+) != ''", term)
            return inputs[match.group(1)] != "" if match else {"always()": True, "success()": job.passed}[term]

        terms = condition.split(" && ")
        return all(map(holds, terms)) and (job.passed or "always()" in terms)


def annotations_in(output):
    """As GitHub's runner reads a log: a command begins a line, after blanks, and none is taken from stop-commands to its token."""
    found, token = [], None
    for line in output.splitlines():
        match = re.fullmatch(r"\s*::([^\s:]+)(?: ([^:]*))?::(.*)", line)
        if match is None:
            continue
        command, properties, text = match.group(1), match.group(2) or "", match.group(3)
        if token is not None:
            token = None if command == token else token
        elif command == "stop-commands":
            token = text
        elif command in ("error", "warning", "notice"):
            title = dict(one.split("=", 1) for one in properties.split(",")).get("title", "")
            found.append((command, unescaped(title), unescaped(text)))
    return found


def unescaped(text):
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def run_gitlab_job(machine, name):
    """https://docs.gitlab.com/ci/yaml: script, artifacts of all jobs."""
    described = yaml.safe_load((machine.checkout / ".gitlab-ci.yml").read_text())[name]
    job = Job()
    status, job.log = machine.shell(["bash", "-eo", "pipefail"], "\n".join(described["script"]), {"GITLAB_CI": "true"})
    job.passed = status == 0
    artifacts = described["artifacts"]
    if job.passed or artifacts["when"] == "always":
        job.artifacts = {path: machine.files(path) for path in artifacts["paths"]}
        job.junit = machine.checkout / artifacts["reports"]["junit"]
    return job


def run_jenkins_pipeline(machine):
    """https://www.jenkins.io/doc/book/pipeline/syntax: the sh steps of its stages, junit and archiveArtifacts after them."""
    text = (machine.checkout / "Jenkinsfile").read_text()
    stages, after = text.split("post {")
    job = Job()
    for script in re.findall(r"\bsh '([^']*)'", stages):
        status, output = machine.shell(["sh", "-xe"], script, {"JENKINS_URL": "http://localhost/"})
        job.log += output
        job.passed = job.passed and status == 0
    assert "always {" in after
    job.junit = machine.checkout / re.search(r"junit '([^']*)'", after).group(1)
    archived = re.search(r"archiveArtifacts artifacts: '([^']*)'", after).group(1)
    job.artifacts = {archived: machine.files(archived)}
    return job
