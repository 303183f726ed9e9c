// SPDX-License-Identifier: Apache-2.0
// The second word: whether the model is right, and a grid of rounds and collaborators in which one look tells.

const safetySigns = {
    "not-counted": {mood: "bad", sign: "✕", says: "not counted"},
    "counted-twice": {mood: "bad", sign: "2×", says: "counted twice"},
    "counted-in-part": {mood: "bad", sign: "½", says: "counted in part"},
    "counted-undelivered": {mood: "bad", sign: "½", says: "delivered in part"},
    stale: {mood: "bad", sign: "↺", says: "from an older model"},
    samples: {mood: "bad", sign: "≠", says: "other samples"},
};

const timesText = (count) => count === null || count === undefined ? "?" : count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;

function safetyCell(cell) {
    const look = safetySigns[cell.finding] ?? (cell.counted === 1 || (cell.counted === null && cell.delivered === 1) ?
        {mood: "good", sign: "✓", says: ""} : {mood: "plain", sign: cell.counted === 0 ? "–" : "?", says: ""});
    const about = `update delivered ${timesText(cell.delivered)}, counted ${timesText(cell.counted)}; model delivered ${timesText(cell.model_delivered)}`;
    return el("td.outcome." + look.mood, {title: about}, el("span.word", {}, el("span.sign", {}, look.sign), look.says),
        cell.delivered === null && cell.counted === null ? null :
            el("div.detail", {}, `${cell.delivered ?? "?"} delivered, ${cell.counted ?? "?"} counted`));
}

function safetySection(run) {
    const safety = run.verdict?.safety;
    if (!safety) return null;
    const grid = safety.grid, nodes = list(grid?.nodes), rounds = list(grid?.rounds);
    const findings = objects(safety.findings);
    return [
        el("p.lead", {}, safety.word === "but" ? "It is not what an undisturbed run would have made." : sentence(safety.text)),
        findings.length ? el("ul", {}, findings.map((one) => el("li.bad", {}, sentence(one.text)))) : null,
        nodes.length && rounds.length ? el("div.table", {}, el("table.outcomes", {},
            el("caption", {}, "Updates by round and collaborator: how often each was delivered whole, and how often it was counted"),
            el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Round"), nodes.map((node) => el("th", {scope: "col"}, node)))),
            el("tbody", {}, list(grid.cells).map((row, i) => el("tr", {}, el("th", {scope: "row"}, rounds[i]),
                list(row).map((cell) => safetyCell(cell ?? {}))))))) : null,
        list(safety.unjudged).length && safety.word !== "counted-once" ? el("p.note", {}, "Not judged: " + safety.unjudged.join("; ") + ".") : null,
    ];
}
