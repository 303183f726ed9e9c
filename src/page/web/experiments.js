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

// Runs as signs along an axis from 0 to `limit` seconds, each a link to its page; equal ones stand below each other.
function runDots(runs, limit, name) {
    const shown = runs.filter((run) => isNumber(run.at)).sort((a, b) => a.at - b.at);
    if (!shown.length) return null;
    const strip = el("div.dots", {role: "list", "aria-label": `${name}, from 0 to ${seconds(limit)}`});
    const ends = [];  // of each row, in percent: where its last sign ends
    for (const run of shown) {
        const look = lookOf(run.outcome), left = Math.min(1, run.at / limit) * 100;
        let row = ends.findIndex((end) => end <= left);
        if (row < 0) row = ends.length;
        ends[row] = left + 6;
        const dot = el("a." + look.mood, {role: "listitem", href: run.run ? runLink(run.run) : null,
            title: `${seconds(run.at)}: ${run.outcome}`, "aria-label": `${seconds(run.at)}: ${run.outcome}`}, look.sign);
        dot.style.left = `${left}%`;
        dot.style.top = `${row * 14}px`;
        strip.append(dot);
    }
    strip.style.height = `${ends.length * 14 + 2}px`;
    return strip;
}

function outcomeCell(column, cell, limit) {
    if (!cell) return el("td.outcome.empty", {"data-label": column}, "–");
    const look = lookOf(cell.outcome);
    const repeats = list(cell.repeats);
    const other = cell.outcome === "mixed" ? 0 : repeats.filter((repeat) => repeat.outcome !== cell.outcome).length;
    return el("td.outcome." + look.mood, {"data-label": column},
        el("div.word", {}, el("span.sign", {"aria-hidden": "true"}, look.sign), cell.outcome ?? "–"),
        cell.detail ? el("div.detail", {}, cell.detail) : null,
        spread(repeats) && !String(cell.detail).includes(" to ") ? el("div.detail", {}, spread(repeats)) : null,
        other ? el("div.detail.bad", {}, `${other} of ${repeats.length} ended otherwise`) : null,
        repeats.length > 1 ? runDots(repeats.map((repeat) => ({...repeat, at: repeat.seconds})), limit, "times to recover") : null,
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
const commandSection = (about) => section("command", "Command", () => about?.command ? el("pre.yaml.command", {}, el("code", {}, about.command)) : null);

function experimentsPage(data) {
    const columns = list(data.columns).map(String), rows = list(data.rows);
    const counts = tally(rows.flatMap((row) => list(row.cells).map((cell) => cell.outcome ?? "–")));
    const times = rows.flatMap((row) => list(row.cells)).flatMap((cell) => list(cell.repeats)).map((repeat) => repeat.seconds).filter(isNumber);
    const limit = Math.max(1e-3, ...times);
    const isTrial = data.of === "trials";
    const outcomes = () => el("div.table", {}, el("table.outcomes", {},
        el("caption", {}, isTrial ? "The run that hung, made again with each remedy" : "Outcomes: moments of the cut by kind and length"),
        el("thead", {}, el("tr", {}, el("th", {scope: "col"}, isTrial ? "Remedy" : "Moment"), columns.map((column) => el("th", {scope: "col"}, column)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
            el("th", {scope: "row"}, el("span.moment", {}, row.name ?? ""), row.what ? el("small", {}, row.what) : null),
            columns.map((column) => outcomeCell(column, list(row.cells).find((cell) => cell.column === column), limit)))))));
    return {
        header: [
            overline(data.of ?? "experiments", data.about),
            el("h1", {}, data.title ?? "Experiments"),
            isTrial ? [el("p.lead", {}, String(data.why ?? "")), String(data.conclusion ?? "").split("\n").map((line) => el("p", {}, line)),
                el("p.note", {}, `Not tried: ${data.not_tried ?? ""}.`)] : el("p.lead", {}, listed(counts.map(([outcome, count]) => `${count} ${outcome}`), 6) + "."),
        ],
        parts: [section("outcomes", "Outcomes", outcomes), commandSection(data.about)],
    };
}
