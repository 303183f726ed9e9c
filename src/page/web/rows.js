// SPDX-License-Identifier: Apache-2.0
// The rows of the timeline: a lane for each node that matters, one for all that are alike, and below a node its link and its connections.

const rowHeights = {node: 26, group: 56, links: 18, capacity: 34};    // CSS pixels
const narrowHeights = {node: 40, group: 66, links: 30, capacity: 48};  // names stand above
const mostAlone = 20;  // nodes that each have a lane of their own, whatever became of them

class Rows {
    constructor(list, narrow) {
        this.list = list;
        const heights = narrow ? narrowHeights : rowHeights;
        this.tops = [0];
        for (const row of list) this.tops.push(this.tops[this.tops.length - 1] + heights[row.kind]);
    }

    get height() { return this.tops[this.list.length]; }
    top(index) { return this.tops[index]; }
    tall(index) { return this.tops[index + 1] - this.tops[index]; }
    index(y) { return this.tops.findLastIndex((top) => top <= y); }
    at(y) { return y < 0 ? undefined : this.list[this.index(y)]; }
    ofNode(node) { return this.list.findIndex((row) => row.kind === "node" && row.node === node); }
}

// In the order in which a reader asks for them; more than mostAlone of a kind are one group.
const nodeClasses = [
    {name: "hit", is: (node) => node.hit},
    {name: "failed", is: (node) => node.failed},
    {name: "stopped", is: (node) => node.stopped},
    {name: "others", is: () => true},
];
const classOf = (node) => nodeClasses.find((one) => one.is(node)).name;

function groupedRows(run) {
    const rows = run.nodes.length ? [{kind: "node", node: run.nodes[0]}] : [];
    const rest = run.nodes.slice(1);
    const alone = run.nodes.length <= mostAlone;
    for (const {name} of nodeClasses) {
        const nodes = rest.filter((node) => classOf(node) === name);
        const group = !alone && nodes.length > (name === "others" ? 1 : mostAlone);
        if (group) rows.push({kind: "group", name: `${grouped(nodes.length)} ${name}`, nodes});
        else rows.push(...nodes.map((node) => ({kind: "node", node})));
    }
    return alone ? run.nodes.map((node) => ({kind: "node", node})) : rows;
}

const singleRows = (nodes) => nodes.map((node) => ({kind: "node", node}));

// Below a node what its link could carry, where that has a rate of its own.
function withCapacity(run, rows) {
    return rows.flatMap((row) => row.kind === "node" && run.capacity?.of(row.node.index) ?
        [row, {kind: "capacity", node: row.node, name: run.capacity.rowName(row.node.index)}] : [row]);
}

// `which`: none, hit (of nodes that a fault hit, and the other ends) or all.
function withLinks(run, rows, which) {
    if (which === "none") return rows;
    const wanted = (link) => which === "all" || link.node.hit || link.peer?.hit || link.deserted !== null;
    return rows.flatMap((row) => row.kind !== "node" ? [row] : [row, ...linkRows(row.node, run.links.get(row.node)?.filter(wanted) ?? [])]);
}

// How many of a group did what, at each pixel: what a lane is for one node, as shares of its height.
function groupShares(run, nodes, from, to, x, left, width) {
    const steps = [...run.phaseNames.map(() => new Float64Array(width + 1)), new Float64Array(width + 1)];
    const column = (pixel) => Math.max(0, Math.min(width, Math.round(pixel - left)));
    const add = (sum, a, b) => {
        sum[column(a)] += 1;
        sum[column(b)] -= 1;
    };
    for (const node of nodes) {
        if (node.lane) node.lane.eachRun(from, to, x, (a, b, phase) => add(steps[phase], a, b));
        else if (node.from !== null) add(steps[steps.length - 1], x(node.from), x(node.to ?? run.length));
    }
    for (const sum of steps) for (let i = 1; i <= width; ++i) sum[i] += sum[i - 1];
    return steps;
}
