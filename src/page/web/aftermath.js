// SPDX-License-Identifier: Apache-2.0
// After a bad run: why no fault was fired, where the nodes stood, and what they died of.

function waitedSection(run) {
    const faults = objects(run.data.aftermath?.waited);
    return faults.length === 0 ? null : faults.map((fault) => [
        el("p", {}, el("b", {}, fault.fault), ` waited for `, el("code", {}, fault.pattern), ` in the log of ${fault.node}, which has ` +
            `${plural(fault.lines, "line")}.`),
        list(fault.hints).length ? el("ul", {}, list(fault.hints).map((hint) => el("li", {}, hint))) : null,
    ]);
}

function stoodSection(run, moment) {
    const nodes = objects(run.data.aftermath?.stood);
    if (!nodes.length) return null;
    const byName = new Map(run.nodes.map((node) => [node.name, node]));
    const lastLine = (node) => !node.last ? "it has printed nothing" :
        el("code", {}, isNumber(node.last[0]) ? el("a", {href: "#logs", onclick: () =>
            moment.set(node.last[0] / 1e6, byName.get(node.node))}, node.last[2]) : node.last[2]);
    return table(`Nodes that had not ended at ${atSecond(run.data.aftermath.at_us)}, when the run was stopped`, [
        {name: "Node", cell: (node) => node.node},
        {name: "Last line", kind: "wide", cell: lastLine},
        {name: "Silent for", kind: "number", cell: (node) => isNumber(node.age_s) ? seconds(node.age_s) : "–"},
        {name: "Phase", cell: (node) => node.phase === "unknown" ? "–" : node.phase},
        {name: "Connections", kind: "wide", cell: (node) => list(node.connections).length ?
            el("ul.plain", {}, node.connections.map((one) => el("li", {}, one))) : "none"},
    ], nodes);
}

function diedSection(run) {
    const nodes = objects(run.data.aftermath?.died);
    return nodes.length === 0 ? null : nodes.map((node) => el("figure.log", {},
        el("figcaption", {}, el("span", {}, el("strong", {}, node.node), `, ${node.ended}`),
            el("small", {}, [...new Set(list(node.lines).map((line) => line[1]))].map((stream, i) => [i ? ", " : "",
                el("a", {href: logFile({name: node.node}, stream)}, `logs/${node.node}.${stream}`)]))),
        lastWords(node)));
}

// The last of them say most: a long traceback is seen from its end.
function lastWords(node) {
    const lines = el("ol", {tabindex: 0, "aria-label": `The last words of ${node.node}`}, list(node.lines).length ?
        node.lines.map((line) => el("li", {class: line[1] === "err" ? "err" : null}, line[2] || " ")) : el("li", {}, "it has printed nothing"));
    new ResizeObserver((entries, observer) => {
        observer.disconnect();
        lines.scrollTop = lines.scrollHeight;
    }).observe(lines);
    return lines;
}

// Where no other node can reach the aggregator.
function listensNote(run) {
    const addresses = list(run.data.aftermath?.listens);
    return addresses.length === 0 ? null : el("p.note.missing", {}, `The aggregator listens on ${listed(addresses.map(String))} only, where no ` +
        "other node can reach it: let it listen on 0.0.0.0 or [::].");
}
