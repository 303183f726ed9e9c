// SPDX-License-Identifier: Apache-2.0
// Nodes, how each ended, and how it spent its time; then all events, for those who do not see the timeline.

function nodeTable(run) {
    const order = (node) => (node.failed ? 0 : node.hit ? 1 : node.stopped ? 2 : 3);
    const mood = (node) => (node.failed ? "failed" : node.stopped ? "stopped" : "");
    const after = new Map(objects(run.verdict?.nodes).filter((node) => node.after_faults).map((node) => [node.node, node.after_faults]));
    const nodes = [...run.nodes].sort((a, b) => order(a) - order(b) || a.index - b.index);
    return [
        table("Nodes and how each ended", [
            {name: "Node", cell: (node) => node.name},
            {name: "Ended", cell: (node) => node.finished ? node.ended : el("strong", {class: node.failed ? "bad" : node.stopped ? "hung" : null}, node.ended)},
            ...(after.size ? [{name: "After its last fault", cell: (node) => after.get(node.name) ?? "–"}] : []),
            {name: "Started", kind: "number", cell: (node) => isNumber(node.from) ? clock(node.from, 3) : "–"},
            {name: "Ran", kind: "number", cell: (node) => isNumber(node.from) ? seconds((node.to ?? run.length) - node.from) : "–"},
            {name: "Hit by", cell: (node) => node.bands.length ? listed([...new Set(node.bands.map((band) => band.label))], 3) : "–"},
            ...nodeFigures(run),
            {name: "Addresses", kind: "code", cell: (node) => node.addresses.join(" ") || "–"},
        ], nodes, mood),
        nodeHints(run),
        run.phases ? phaseTable(run) : null,
    ];
}

// Sums over a node's connections, where any node has one.
function nodeFigures(run) {
    const judged = new Map(objects(run.verdict?.nodes).map((node) => [node.node, node]));
    return objects(run.data.figures)
        .filter(({key}) => [...judged.values()].some((node) => node[key] > 0))
        .map(({key, name}) => ({
            name: name[0].toUpperCase() + name.slice(1), kind: "number",
            cell: (node) => isNumber(judged.get(node.name)?.[key]) ? grouped(judged.get(node.name)[key]) : "–",
        }));
}

function nodeHints(run) {
    const judged = objects(run.verdict?.nodes);
    const hints = [
        ...judged.filter((node) => node.left_behind > 0).map((node) =>
            `${node.node} left ${plural(node.left_behind, "process", "processes")} behind, which netcut-fl has killed.`),
        ...judged.filter((node) => node.late_lines).map((node) =>
            `${grouped(node.late_lines.late)} of ${grouped(node.late_lines.all)} lines of ${node.node} came at once as it ended: it may ` +
            "keep its output in a buffer, so that triggers come late (see docs/scenario.md, Log lines)."),
    ];
    return hints.length ? el("ul.note", {}, hints.slice(0, 50).map((hint) => el("li", {}, hint))) : null;
}

function phaseTable(run) {
    const share = (node, i) => {
        const totals = list(run.phases.totals[node.index]);
        const all = totals.reduce((sum, total) => sum + total[1], 0);
        const took = totals[i]?.[1] ?? 0;
        return took === 0 ? "–" : [seconds(took / 1e6), el("small", {}, (100 * took / all).toFixed(took / all < 0.1 ? 1 : 0) + " %")];
    };
    return table("Time in each phase", [
        {name: "Node", cell: (node) => node.name},
        ...run.phaseNames.map((phase, i) => ({name: phase, kind: "number", cell: (node) => share(node, i)})),
    ], run.nodes);
}

function eventTable(run) {
    return table("Events in order of time", [
        {name: "Time", cell: (event) => clock(event.at, 3)},
        {name: "Node", cell: (event) => event.node?.name ?? "–"},
        {name: "What", kind: "wide", cell: (event) => event.says},
    ], run.allEvents());
}
