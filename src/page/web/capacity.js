// SPDX-License-Identifier: Apache-2.0
// What links that have rates of their own could carry over time.

class Capacity {
    constructor(data) {
        this.step = data.step_us / 1e6;
        this.ways = {up: data.up, down: data.down};
        this.delivered = {up: data.delivered_up, down: data.delivered_down};
        this.delay = {up: data.delay_up_ms, down: data.delay_down_ms};
        this.totals = list(data.totals);
        this.has = new Set(this.totals.map((total) => total.way + total.node));
        this.peaks = new Map();
    }

    // Bytes a second; null where the link has no rate of its own.
    rate(node, way, time) {
        if (!this.has.has(way + node)) return null;
        const row = this.ways[way][node];
        const i = Math.floor(time / this.step + 1e-9);
        return i < row.length ? row[i] / this.step : null;
    }

    // Bytes a second.
    peak(node, way) {
        const key = way + node;
        if (!this.peaks.has(key)) this.peaks.set(key, list(this.ways[way]?.[node]).reduce((a, b) => Math.max(a, b), 0) / this.step);
        return this.peaks.get(key);
    }

    delays(node, way) { return list(this.delay[way]?.[node]); }
    // Of a node's row: the best rate of each direction, and the longest delay of both.
    bounds(node) {
        const longest = Math.max(...["up", "down"].map((way) => this.delays(node, way).reduce((a, b) => Math.max(a, b), 0)));
        return {up: this.has.has("up" + node) ? this.peak(node, "up") : 0, down: this.has.has("down" + node) ? this.peak(node, "down") : 0, longest};
    }
    of(node) { return this.has.has("up" + node) || this.has.has("down" + node); }

    // What is said of a moment.
    texts(node, time) {
        const i = Math.floor(time / this.step + 1e-9);
        return ["up", "down"].filter((way) => this.has.has(way + node)).map((way) => {
            const at = (rows) => list(rows?.[node])[i], delay = at(this.delay[way]);
            if (at(this.ways[way]) === undefined) return `${way}: not known`;
            return `${way}: carried ${rateText(at(this.delivered[way]) / this.step || 0)} of ${rateText(at(this.ways[way]) / this.step)}` +
                (delay > 0 ? `, delay ${seconds(delay / 1000)}` : "");
        });
    }

    rowName(node) {
        const {up, down, longest} = this.bounds(node);
        const [upRate, upUnit] = rateText(up).split(" "), [downRate, downUnit] = rateText(down).split(" ");
        const rates = [up > 0 ? `↑${upRate}` + (down > 0 && upUnit === downUnit ? "" : " " + upUnit) : "", down > 0 ? `↓${downRate} ${downUnit}` : ""];
        return rates.filter(Boolean).join(" ") + (longest > 0 ? `, ${Math.round(longest)} ms` : "");
    }

    // Up above the middle, down below it: pale what could pass, dark what did, and a line for the delay.
    paint(pen, scale, node, range, x, left, right, top, height) {
        const bounds = this.bounds(node), half = Math.floor(height / 2), middle = top + half;
        pen.fillStyle = theme.colour("lane");
        pen.fillRect(left, middle, right - left, Math.max(1, scale / 2));
        for (const [way, sign] of [["up", -1], ["down", 1]]) {
            const peak = bounds[way], could = list(this.ways[way]?.[node]), did = list(this.delivered[way]?.[node]), delays = this.delays(node, way);
            const first = Math.max(0, Math.floor(range.from / this.step)), last = Math.min(Math.max(could.length, delays.length), Math.ceil(range.to / this.step));
            const bar = (i, share, strength) => {
                const from = Math.max(left, x(i * this.step)), to = Math.min(right, x((i + 1) * this.step)), tall = Math.min(1, share) * (half - scale);
                pen.globalAlpha = strength;
                if (to > from && tall > 0) pen.fillRect(from, sign < 0 ? middle - tall : middle + scale / 2, to - from, tall);
            };
            pen.fillStyle = theme.colour("traffic-" + way);
            for (let i = first; i < last && peak > 0; ++i) {
                bar(i, (could[i] ?? 0) / this.step / peak, 0.28);
                bar(i, (did[i] ?? 0) / this.step / peak, 1);
            }
            pen.globalAlpha = 1;
            if (!delays.length) continue;
            pen.strokeStyle = theme.colour("ink");
            pen.lineWidth = 1.2 * scale;
            pen.beginPath();
            for (let i = first; i < last; ++i) {
                const y = middle + sign * (half - scale) * (delays[i] ?? 0) / bounds.longest;
                pen.lineTo(Math.max(left, x(i * this.step)), y);
                pen.lineTo(Math.min(right, x((i + 1) * this.step)), y);
            }
            pen.stroke();
        }
    }
}

const rateText = (bytesPerSecond) => {
    const bits = bytesPerSecond * 8, step = [[1e9, "Gbit/s"], [1e6, "Mbit/s"], [1e3, "kbit/s"]].find(([unit]) => bits >= unit) ?? [1, "bit/s"];
    return `${Number((bits / step[0]).toPrecision(2))} ${step[1]}`;
};

function capacityLegend(run, entry) {
    const box = (strength) => swatch((pen, width, height) => {
        pen.globalAlpha = strength;
        pen.fillStyle = theme.colour("traffic-up");
        pen.fillRect(0, 0, width, height);
        pen.globalAlpha = 1;
    });
    const delayed = run.nodes.some((node) => run.capacity.bounds(node.index).longest > 0);
    return [entry(box(0.28), "what a link could carry"), entry(box(1), "what it carried"), delayed ? entry(swatch((pen, width, height, scale) => {
        pen.fillStyle = theme.colour("ink");
        pen.fillRect(0, height / 2, width, 1.2 * scale);
    }), "its delay") : null];
}

function capacityTable(run) {
    const {step, totals} = run.capacity;
    const share = (total) => total.capacity > 0 ? `${Math.round(1000 * total.delivered / total.capacity) / 10} %` : "";
    return [
        el("p", {}, `Below the lane of each node, what its link could carry (pale) and what it carried (dark), up above the middle and down below it, in steps of ${seconds(step)}; a line is the delay of its trace.`),
        table("Links with rates of their own", [
            {name: "Node", cell: (total) => run.nodes[total.node]?.name ?? ""},
            {name: "Direction", cell: (total) => total.way},
            {name: "By", cell: (total) => total.what},
            {name: "Could carry", kind: "number", cell: (total) => bytes(total.capacity)},
            {name: "Carried", kind: "number", cell: (total) => bytes(total.delivered)},
            {name: "Of it", kind: "number", cell: share},
            {name: "Packets lost in its queue", kind: "number", cell: (total) => grouped(total.lost)},
            {name: "By its trace", kind: "number", cell: (total) => grouped(total.lost_by_trace ?? 0)},
        ], totals),
    ];
}
