// SPDX-License-Identifier: Apache-2.0
// The page of a set of experiments: what came of each kind of cut at each moment.

const outcomeLooks = {
    recovered: {mood: "good", sign: "✓"},
    crashed: {mood: "bad", sign: "✕"},
    hung: {mood: "hung", sign: "‖"},
    left: {mood: "bad", sign: "↩"},
    mixed: {mood: "hung", sign: "±"},
    "not noticed": {mood: "plain", sign: "○"},
    "not-triggered": {mood: "plain", sign: "–"},
    error: {mood: "bad", sign: "!"},
};
const lookOf = (outcome) => outcomeLooks[outcome] ?? {mood: "plain", sign: "?"};

// A folder is a place below this page, whatever its name looks like.
const runLink = (folder) => String(folder).split("/").map(encodeURIComponent).join("/") + "/report.html";

function spread(repeats) {
    const times = repeats.map((repeat) => repeat.seconds).filter(isNumber);
    if (times.length < 2) return null;
    return `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)} s`;
}

function outcomeCell(column, cell) {
    if (!cell) return el("td.outcome.empty", {"data-label": column}, "–");
    const look = lookOf(cell.outcome);
    const repeats = list(cell.repeats);
    const other = cell.outcome === "mixed" ? 0 : repeats.filter((repeat) => repeat.outcome !== cell.outcome).length;
    return el("td.outcome." + look.mood, {"data-label": column},
        el("div.word", {}, el("span.sign", {"aria-hidden": "true"}, look.sign), cell.outcome ?? "–"),
        cell.detail ? el("div.detail", {}, cell.detail) : null,
        spread(repeats) && !String(cell.detail).includes(" to ") ? el("div.detail", {}, spread(repeats)) : null,
        other ? el("div.detail.bad", {}, `${other} of ${repeats.length} ended otherwise`) : null,
        el("div.runs", {}, repeats.map((repeat, i) => repeat.run ?
            el("a", {href: runLink(repeat.run), title: `${repeat.outcome}${isNumber(repeat.seconds) ? ", " + seconds(repeat.seconds) : ""}`,
                "aria-label": `Report of run ${i + 1}: ${repeat.outcome}`}, repeats.length > 1 ? `run ${i + 1}` : "run") : null)));
}

function tally(outcomes) {
    const counts = new Map();
    for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
}

const overline = (what, about) => el("p.overline", {}, [what, about?.made && String(about.made).replace("T", " ").replace(/\.\d+Z$/, " UTC"),
    about?.netcut_fl && "netcut-fl " + about.netcut_fl, about?.kernel].filter(Boolean).join(" · "));
const commandSection = (about) => section("command", "Command", () => about?.command ? el("pre.yaml", {tabindex: 0}, el("code", {}, about.command)) : null);

function experimentsPage(data) {
    const columns = list(data.columns).map(String), rows = list(data.rows);
    const counts = tally(rows.flatMap((row) => list(row.cells).map((cell) => cell.outcome ?? "–")));
    const outcomes = () => el("div.table", {}, el("table.outcomes", {},
        el("caption", {}, "Outcomes: moments of the cut by kind and length"),
        el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Moment"), columns.map((column) => el("th", {scope: "col"}, column)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
            el("th", {scope: "row"}, el("span.moment", {}, row.name ?? ""), row.what ? el("small", {}, row.what) : null),
            columns.map((column) => outcomeCell(column, list(row.cells).find((cell) => cell.column === column))))))));
    return {
        header: [
            overline(data.of ?? "experiments", data.about),
            el("h1", {}, data.title ?? "Experiments"),
            el("p.lead", {}, listed(counts.map(([outcome, count]) => `${count} ${outcome}`), 6) + "."),
        ],
        parts: [section("outcomes", "Outcomes", outcomes), commandSection(data.about)],
    };
}
