// SPDX-License-Identifier: Apache-2.0
// The page of a folder of runs: each with its outcome and a link to its report.

function indexPage(data) {
    const runs = objects(data.runs);
    const outcomeOf = (run) => run.many ? "many runs" : String(run.verdict || "not ended");
    const outcomes = tally(runs.map(outcomeOf));
    const search = el("input", {type: "search", id: "run-search", placeholder: "name or reason", autocomplete: "off"});
    const choice = el("select", {id: "run-outcome"}, el("option", {value: ""}, `all ${runs.length}`),
        outcomes.map(([outcome, count]) => el("option", {value: outcome}, `${outcome}: ${count}`)));
    const place = el("div");
    const text = (run) => [run.folder, run.name, run.reason, ...list(run.faults)].join(" ").toLowerCase();
    const link = (run) => run.report ? el("a", {href: runLink(run.folder)}, run.folder) : run.folder;
    const mood = (run) => isNumber(run.exit_status) ? (run.exit_status === 0 ? "good" : "bad") : "plain";
    function show() {
        const wanted = search.value.trim().toLowerCase();
        const shown = runs.filter((run) => (!choice.value || outcomeOf(run) === choice.value) && text(run).includes(wanted));
        place.replaceChildren(table(plural(shown.length, "run") + ", the latest first", [
            {name: "Run", cell: link},
            {name: "Outcome", cell: (run) => el("strong", {class: mood(run)}, run.many ?? (run.headline || outcomeOf(run)))},
            {name: "Why", kind: "wide", cell: (run) => run.reason || "–"},
            {name: "Faults", cell: (run) => listed(list(run.faults).map(String), 3) || "–"},
            {name: "Nodes", kind: "number", cell: (run) => run.nodes ? grouped(run.nodes) : "–"},
            {name: "Recovered in", kind: "number", cell: (run) => seconds(run.time_to_recover_s)},
            {name: "Begun", cell: (run) => String(run.begun ?? "").replace("T", " ").replace(/\.\d+Z$/, " UTC") || "–"},
        ], shown));
    }
    search.addEventListener("input", show);
    choice.addEventListener("change", show);
    show();
    return {
        header: [
            el("p.overline", {}, data.title ?? ""),
            el("h1", {}, "Runs"),
            el("p.lead", {}, listed(outcomes.map(([outcome, count]) => `${count} ${outcome}`), 6) + "."),
        ],
        parts: [section("runs", "All of them", () => [
            el("div.tools", {}, field("Outcome", choice), field("Find", search)),
            place,
        ])],
    };
}
