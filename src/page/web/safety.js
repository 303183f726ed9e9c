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

const timesText = (count) => !isNumber(count) ? "?" : count === 0 ? "never" : count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;

// What is known of deliveries, or of counts, at all.
const tellsAny = (grid, what) => list(grid?.cells).some((row) => list(row).some((cell) => isNumber(cell?.[what])));

const safetyLook = (cell) => safetySigns[cell.finding] ?? (cell.counted === 1 || (cell.counted === null && cell.delivered === 1) ?
    {mood: "good", sign: "✓", says: ""} : {mood: "plain", sign: cell.counted === 0 ? "–" : "?", says: ""});
const isGood = (cell) => safetyLook(cell).mood === "good";

// More than these, and one look does not tell any more: those that are as they should be share one column, or one row.
const mostSafetyColumns = 20, mostSafetyRows = 50;

function safetyCell(cell, followed) {
    const look = safetyLook(cell);
    const about = [followed ? `update delivered ${timesText(cell.delivered)}, model ${timesText(cell.model_delivered)}` : null,
        isNumber(cell.counted) ? `counted ${timesText(cell.counted)}` : null].filter(Boolean).join("; ");
    const told = [followed ? `delivered ${timesText(cell.delivered)}` : null, isNumber(cell.counted) && (followed || !look.says) ?
        `counted ${timesText(cell.counted)}` : null].filter(Boolean).join(", ");
    return el("td.outcome." + look.mood, {title: about || null}, el("span.word", {}, el("span.sign", {}, look.sign), look.says),
        told && !(cell.delivered === 1 && cell.counted === 1 && !cell.finding) ? el("div.detail", {}, told) : null);
}

// Of these collaborators together.
function sharedSafetyCell(cells) {
    const good = cells.filter(isGood).length, all = good === cells.length;
    return el("td.outcome." + (all ? "good" : "plain"), {}, el("span.word", {}, el("span.sign", {}, "✓"), all ? "" : `${good} of ${cells.length}`));
}

// Rounds that follow each other, and in which all is as it should be, in one row if there are many.
function safetyRows(rounds, cells) {
    const rows = [];
    cells.forEach((row, i) => {
        const last = rows[rows.length - 1], good = cells.length > mostSafetyRows && row.every(isGood);
        if (good && last?.good) last.to = rounds[i];
        else rows.push({from: rounds[i], to: rounds[i], good, row});
    });
    return rows;
}

function safetyGrid(grid, followed) {
    const nodes = list(grid.nodes), cells = list(grid.cells).map((row) => list(row).map((cell) => cell ?? {}));
    const own = nodes.map((_, i) => i).filter((i) => nodes.length <= mostSafetyColumns || !cells.every((row) => isGood(row[i] ?? {}))).slice(0, mostSafetyColumns);
    const others = nodes.map((_, i) => i).filter((i) => !own.includes(i));
    return el("div.table", {}, el("table.outcomes", {},
        el("caption", {}, "Updates by round and collaborator: how often each was delivered whole and counted"),
        el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Round"), own.map((i) => el("th", {scope: "col"}, nodes[i])),
            others.length ? el("th", {scope: "col"}, own.length ? `${others.length} others` : `${others.length} collaborators`) : null)),
        el("tbody", {}, safetyRows(list(grid.rounds), cells).map(({from, to, row}) => el("tr", {},
            el("th", {scope: "row"}, from === to ? from : `${from} to ${to}`), own.map((i) => safetyCell(row[i] ?? {}, followed)),
            others.length ? sharedSafetyCell(others.map((i) => row[i] ?? {})) : null)))));
}

function safetySection(run) {
    const safety = run.verdict?.safety;
    if (!safety) return null;
    const grid = safety.grid, nodes = list(grid?.nodes), rounds = list(grid?.rounds);
    const findings = objects(safety.findings), followed = tellsAny(grid, "delivered");
    return [
        el("p.lead", {}, safety.word === "but" ? "It is not what an undisturbed run would have made." : sentence(safety.text)),
        findings.length ? el("ul", {}, findings.map((one) => el("li.bad", {}, sentence(one.text)))) : null,
        nodes.length && rounds.length ? safetyGrid(grid, followed) : null,
        nodes.length && rounds.length && !followed ? el("p.note", {}, "What the wire delivered was not followed: that takes --twins.") : null,
        list(safety.unjudged).length && safety.word !== "counted-once" ? el("p.note", {}, "Not judged: " + safety.unjudged.join("; ") + ".") : null,
    ];
}
