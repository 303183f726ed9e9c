// SPDX-License-Identifier: Apache-2.0
// The page of a matrix: frameworks and versions down, moments and kinds of cut across. What is shown of it stands in the
// address, after #, so that a link leads to the same view.

Object.assign(outcomeLooks, {
    unsupported: {mood: "plain", sign: "∅"},
    "not run": {mood: "plain", sign: "·"},
    machine: {mood: "plain", sign: "⚙"},
    undisturbed: {mood: "good", sign: "✓"},
});
const matrixFilters = ["framework", "version", "moment", "kind", "for", "outcome"];
const matrixLook = (outcome) => String(outcome).endsWith(", but") ? {mood: "bad", sign: "≠"} : lookOf(outcome);

// What the address says: {framework: "OpenFL", cell: "c012"}.
function readAddress() {
    const chosen = {};
    for (const pair of location.hash.slice(1).split("&")) {
        const equals = pair.indexOf("=");
        if (equals < 1) continue;
        try {
            chosen[decodeURIComponent(pair.slice(0, equals))] = decodeURIComponent(pair.slice(equals + 1));
        } catch { /* no address of ours */ }
    }
    return chosen;
}
function writeAddress(chosen) {
    const pairs = Object.entries(chosen).filter(([, value]) => value).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    history.replaceState(null, "", "#" + pairs.join("&"));
}

function outageText(outage) {
    if (!outage || !isNumber(outage.survived_s) && !isNumber(outage.fatal_s)) return null;
    if (!isNumber(outage.fatal_s)) return `survives ${seconds(outage.survived_s)} and more`;
    return (isNumber(outage.survived_s) ? `survives ${seconds(outage.survived_s)}, ` : "") + `not ${seconds(outage.fatal_s)}`;
}

const cellKey = (cell) => ["framework", "version", "moment", "kind", "for"].map((name) => String(cell[name])).join(" | ");

// The same cell in earlier results, the latest last.
function pastOf(data, cell) {
    const key = cellKey(cell);
    return objects(data.history).map((one) => ({started: one.started, folder: one.folder, outcome: one.cells?.[key]})).filter((one) => one.outcome);
}

function pastSigns(past) {
    if (!past.length) return null;
    return el("div.past", {title: past.map((one) => `${one.started}: ${one.outcome}`).join("\n")}, el("span.sr", {}, "earlier: " + past.map((one) => one.outcome).join(", ")),
        past.slice(-12).map((one) => el("span." + matrixLook(one.outcome).mood, {"aria-hidden": "true"}, matrixLook(one.outcome).sign)));
}

function matrixCell(data, cell, label, open) {
    if (!cell) return el("td.outcome.empty", {"data-label": label}, "–");
    const look = matrixLook(cell.outcome), counts = Object.entries(cell.outcomes ?? {});
    const outage = outageText(cell.outage);
    return el("td.outcome." + look.mood, {"data-label": label, id: "cell-" + cell.id},
        el("button.cell", {type: "button", onclick: () => open(cell), "aria-label": `${cellKey(cell)}: ${cell.outcome}`},
            el("span.word", {}, el("span.sign", {"aria-hidden": "true"}, look.sign), cell.outcome)),
        counts.length > 1 ? el("div.detail", {}, counts.map(([outcome, count]) => `${count} ${outcome}`).join(", ")) :
            cell.runs > 1 ? el("div.detail", {}, `${cell.runs} of ${cell.runs}`) : null,
        isNumber(cell.recovery_s?.median) ? el("div.detail", {}, `+${cell.recovery_s.median.toFixed(1)} s`) : null,
        outage ? el("div.detail", {}, outage) : null,
        cell.crowded + cell.errors ? el("div.detail", {}, `${cell.crowded + cell.errors} spoiled`) : null,
        pastSigns(pastOf(data, cell)));
}

const fileLink = (folder, file, name) => el("a", {href: String(folder).split("/").map(encodeURIComponent).join("/") + "/" + file}, name);

// A text between quotes of a shell, if it needs them.
const quoted = (text) => /^[\w./:=@%+-]+$/.test(text) ? text : "'" + String(text).replaceAll("'", "'\\''") + "'";

function cellPanel(data, cell) {
    const past = pastOf(data, cell);
    const rows = objects(cell.each);
    return [
        el("h3", {tabindex: -1}, `${cell.framework} ${cell.version}, ${cell.moment}${cell.kind === "none" ? "" : `, ${cell.kind} ${cell.for}`}: ${cell.outcome}`),
        rows.length ? table(plural(rows.length, "run"), [
            {name: "Run", cell: (run) => run.key},
            {name: "Outcome", cell: (run) => [`${matrixLook(run.outcome).sign} ${run.outcome}`, run.detail ? el("small", {}, run.detail) : null]},
            {name: "Recovered in", kind: "number", cell: (run) => seconds(run.recovery_s)},
            {name: "Files", cell: (run) => run.folder ? el("div.runs", {}, fileLink(run.folder, "report.html", "report"), fileLink(run.folder, "scenario.yaml", "scenario"),
                fileLink(run.folder, "logs/", "logs"), fileLink(run.folder, "pcap/", "captures, if asked for"), fileLink(run.folder, "", "all")) : "not kept"},
            {name: "To repeat it", cell: (run) => run.folder ? el("code.command", {}, `netcut-fl run ${quoted(run.folder)}/scenario.yaml`) : "–"},
        ], rows) : el("p.note", {}, cell.outcome === "unsupported" ? "This version is unsupported, and the cell was not run." : "No run of it has been made yet."),
        past.length ? table("Earlier results", [
            {name: "Begun", cell: (one) => String(one.started ?? "–")},
            {name: "Outcome", cell: (one) => `${matrixLook(one.outcome).sign} ${one.outcome}`},
            {name: "Folder", cell: (one) => one.folder},
        ], [...past].reverse()) : null,
    ];
}

function matrixPage(data) {
    const cells = objects(data.cells), versions = objects(data.versions);
    const cut = cells.filter((cell) => cell.moment !== "undisturbed");
    const counts = tally(cut.map((cell) => cell.outcome));
    const unsupported = versions.filter((one) => !one.supported);
    const moments = new Map(objects(data.moments).map((one) => [one.name, one.what]));
    let chosen = readAddress();
    const place = el("div"), panel = el("div.panel", {"aria-live": "polite"});
    const levels = (name) => [...new Set(cells.map((cell) => String(cell[name])))];
    const open = (cell) => {
        chosen.cell = cell.id;
        writeAddress(chosen);
        panel.replaceChildren();
        append(panel, cellPanel(data, cell));
        panel.querySelector("h3").focus();
    };
    const selects = matrixFilters.map((name) => {
        const select = el("select", {id: "matrix-" + name, onchange: () => { chosen[name] = select.value; writeAddress(chosen); show(); }},
            el("option", {value: ""}, "all"), levels(name).map((level) => el("option", {value: level}, level)));
        return select;
    });
    function show() {
        selects.forEach((select, i) => select.value = levels(matrixFilters[i]).includes(chosen[matrixFilters[i]]) ? chosen[matrixFilters[i]] : "");
        const wanted = (cell, names) => names.every((name) => !chosen[name] || !levels(name).includes(chosen[name]) || String(cell[name]) === chosen[name]);
        const shown = cells.filter((cell) => wanted(cell, matrixFilters));
        const columns = [...new Map(shown.map((cell) => [`${cell.moment}|${cell.kind}|${cell.for}`, cell])).values()];
        const label = (cell) => cell.kind === "none" ? cell.moment : `${cell.moment}, ${cell.kind} ${cell.for}`;
        const rows = versions.filter((one) => shown.some((cell) => cell.framework === one.framework && cell.version === one.version));
        place.replaceChildren(el("div.table", {}, el("table.outcomes.matrix", {},
            el("caption", {}, `${plural(shown.length, "cell")}; a cell opens its runs`),
            el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Version"), columns.map((cell) => el("th", {scope: "col", title: moments.get(cell.moment) || null},
                cell.moment, cell.kind === "none" ? null : el("small", {}, `${cell.kind} ${cell.for}`))))),
            el("tbody", {}, rows.map((one) => el("tr", {}, el("th", {scope: "row"}, el("span.moment", {}, `${one.framework} ${one.version}`),
                one.supported ? null : el("small", {}, "unsupported")),
                columns.map((column) => matrixCell(data, shown.find((cell) => cell.framework === one.framework && cell.version === one.version &&
                    cell.moment === column.moment && cell.kind === column.kind && cell.for === column.for), label(column), open))))))));
        const cell = cells.find((one) => one.id === chosen.cell);
        if (cell && !panel.childElementCount) append(panel, cellPanel(data, cell));
    }
    addEventListener("hashchange", () => { chosen = readAddress(); panel.replaceChildren(); show(); });
    show();
    const list_ = objects(data.history);
    return {
        header: [
            overline("matrix", data.about),
            el("h1", {}, data.title ?? "Matrix"),
            el("p.lead", {}, `${plural(versions.length, "version")} of ${plural(new Set(versions.map((one) => one.framework)).size, "framework")}, ${plural(cut.length, "cell")}: `,
                listed(counts.map(([outcome, count]) => `${count} ${outcome}`), 7) + "."),
            data.missing ? el("p.note.missing", {}, `${plural(data.missing, "run")} ${data.missing === 1 ? "has" : "have"} not been made yet. This is what is done so far.`) : null,
            unsupported.map((one) => el("p.note.missing", {}, `${one.framework} ${one.version} is unsupported: ${one.why}`)),
        ],
        parts: [
            section("outcomes", "Outcomes", () => [el("div.tools", {}, selects.map((select, i) => field(matrixFilters[i].replace(/^./, (c) => c.toUpperCase()), select))), place, panel]),
            section("moments", "Moments", () => moments.size ? facts([...moments].map(([name, what]) => [name, what || "–"])) : null),
            section("history", "Earlier results", () => list_.length ? table(plural(list_.length, "earlier result"), [
                {name: "Begun", cell: (one) => String(one.started ?? "–")},
                {name: "Outcomes", cell: (one) => listed(tally(Object.values(one.cells ?? {})).map(([outcome, count]) => `${count} ${outcome}`), 6)},
                {name: "netcut-fl", cell: (one) => list(one.netcut_fl).join(", ")},
                {name: "Folder", cell: (one) => one.folder},
            ], [...list_].reverse()) : null),
            commandSection(data.about),
        ],
    };
}
