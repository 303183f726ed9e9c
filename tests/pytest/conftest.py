# SPDX-License-Identifier: Apache-2.0
import pytest

pytest_plugins = ["pytester", "netcut.pytest_plugin"]


@pytest.fixture
def suite(pytester):
    """Runs a user's own test suite, in a process of its own: suite(text of its test file, options of pytest)."""
    pytester.plugins.append("netcut.pytest_plugin")

    def run(text, *options):
        pytester.makepyfile(test_suite=text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", f"--netcut-runs={pytester.path}/runs", *options)

    return run
