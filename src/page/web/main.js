// SPDX-License-Identifier: Apache-2.0
// Draws the page of the data's kind. Errors are kept where tests and users can see them.

const pages = {run: runPage, experiments: experimentsPage, map: mapPage, study: studyPage, comparison: comparisonPage, matrix: matrixPage,
    index: indexPage};

function fail(message) {
    const root = document.documentElement;
    console.error(message);
    root.dataset.errors = (root.dataset.errors ? root.dataset.errors + "; " : "") + message;
}
addEventListener("error", (event) => fail(event.message));
addEventListener("securitypolicyviolation", (event) => fail("blocked: " + event.violatedDirective));

function drawPage() {
    const data = JSON.parse(document.getElementById("data").textContent);
    const draw = Object.hasOwn(pages, data.kind) ? pages[data.kind] : null;
    if (!draw) throw new Error(`this page does not know the kind “${data.kind}”`);
    const {header, parts} = draw(data);
    const shown = parts.filter(Boolean);
    append(document.getElementById("top"), [header]);
    if (shown.length > 2) append(document.getElementById("top"), [navigation(shown)]);
    append(document.getElementById("main"), shown);
    append(document.getElementById("foot"), [el("p", {}, "Made by netcut-fl. This file is whole: it asks the network for nothing.")]);
    theme.watch();
}

try {
    drawPage();
} catch (error) {
    fail(error.message);
    append(document.getElementById("main"), [el("p.note.missing", {}, "This page could not be drawn: " + error.message)]);
}
document.documentElement.dataset.ready = Math.round(performance.now());
