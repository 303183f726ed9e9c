// SPDX-License-Identifier: Apache-2.0
// Each firing of a fault, a row for each node that it hit.

function faultTable(run) {
    const rows = run.faults.flatMap((fault, i) => {
        const nodes = objects(fault.nodes);
        return (nodes.length ? nodes : [{}]).map((node, j) => ({fault, node, number: i + 1, first: j === 0}));
    });
    const hit = (row) => row.node.packets_lost ?? row.node.packets_queued ?? {};
    const queued = run.faults.some((fault) => objects(fault.nodes).some((node) => node.packets_queued));
    const optional = [
        {key: "unsendable_at_node", name: "Could not send"},
        {key: "rebound_up", name: "Another port, up"},
        {key: "rebound_down", name: "Another port, down"},
    ].filter(({key}) => rows.some((row) => hit(row)[key]))
        .map(({key, name}) => ({name, kind: "number", cell: (row) => grouped(hit(row)[key])}));
    const kinds = [...new Set(run.faults.map((fault) => fault.kind))].filter((kind) => run.kinds[kind]);
    return [
        table("Faults: when, on whom, and what they did", [
            {name: "Fault", kind: "fault", cell: (row) => [`${row.number}. `, el("strong", {}, row.fault.fault ?? ""), ` (${row.fault.kind ?? ""})`,
                row.first ? trigger(row.fault) : null]},
            {name: "Node", cell: (row) => row.node.node ?? "–"},
            {name: "From", kind: "number", cell: (row) => seconds(row.fault.fired_s)},
            {name: "For", kind: "number", cell: (row) => isNumber(row.fault.lasted_s) ? seconds(row.fault.lasted_s) : "to the end"},
            {name: queued ? "Lost or made to wait" : "Packets lost", kind: "number", cell: (row) =>
                grouped(hit(row).total) + (row.node.packets_queued ? " waited" : "")},
            {name: "Up", kind: "number", cell: (row) => grouped(hit(row).router_up)},
            {name: "Down", kind: "number", cell: (row) => grouped(hit(row).router_down)},
            ...optional,
            {name: "Sent again", kind: "number", cell: (row) => again(run, row, "sent_again_s")},
            {name: "Received again", kind: "number", cell: (row) => again(run, row, "received_again_s")},
            {name: "Work went on", kind: "number", cell: (row) => workAgain(row)},
        ], rows, (row) => row.first ? "first" : ""),
        kinds.map((kind) => el("p.note", {}, el("strong", {}, kind), ": ", run.kinds[kind], ".")),
    ];
}

// What one firing led to is looked at until the next one that the node meets.
function again(run, row, key) {
    if (!isNumber(row.fault.healed_s) || isUntouched(row.node)) return "–";
    if (isNumber(row.node[key])) return "+" + seconds(row.node[key]);
    const next = run.faults.findIndex((fault, i) => i >= row.number && objects(fault.nodes).some((node) => node.node === row.node.node));
    return next < 0 ? el("span.bad", {}, "never") : `not before ${next + 1}.`;
}

// What the fault had stopped; nothing may have been stopped.
function workAgain(row) {
    const open = objects(row.node.conversations).filter((one) => !["went on", "resumed", "replaced"].includes(one.outcome));
    if (isUntouched(row.node)) return "–";
    if (isNumber(row.node.time_to_recover_s)) return "+" + seconds(row.node.time_to_recover_s);
    return open.length ? el("span.bad", {title: open.map((one) => `${one.local} to ${one.peer || one.remote}: ${one.outcome}`).join("\n")}, open[0].outcome) : "–";
}

function trigger(fault) {
    const {node, line} = fault.trigger ?? {};
    const late = fault.missed ? [el("br"), missedText(fault.missed)] : [];
    if (!line) return null;
    return el("small", {}, node ? [node, ": ", el("code", {}, short(line, 160)), late] : [short(line, 160), late]);
}
