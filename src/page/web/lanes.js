// SPDX-License-Identifier: Apache-2.0
// What is drawn in the timeline: for each node a lane with its phases, the faults it had, and marks.

const markLooks = {
    start: {glyph: "triangle", colour: "muted", says: "started"},
    exit: {glyph: "square", colour: "ink", says: "ended well"},
    failed: {glyph: "cross", colour: "bad", says: "failed"},
    stopped: {glyph: "cross", colour: "muted", says: "was stopped by netcut-fl"},
    trigger: {glyph: "diamond", colour: "fault", says: "log line that fires a fault"},
    tripped: {glyph: "diamond", colour: "fault", says: "packet that fires a fault"},
    match: {glyph: "dot", colour: "fault", says: "log line that matches, and fires nothing"},
    recovered: {glyph: "ring", colour: "good", says: "data goes both ways again"},
    progress: {glyph: "tick", colour: "muted", says: "progress"},
};

const glyphs = {
    triangle(pen, r) { pen.moveTo(-r * 0.7, -r); pen.lineTo(r, 0); pen.lineTo(-r * 0.7, r); pen.closePath(); pen.fill(); },
    square(pen, r) { pen.rect(-r * 0.8, -r * 0.8, r * 1.6, r * 1.6); pen.fill(); },
    diamond(pen, r) { pen.moveTo(0, -r * 1.2); pen.lineTo(r * 1.2, 0); pen.lineTo(0, r * 1.2); pen.lineTo(-r * 1.2, 0); pen.closePath(); pen.fill(); },
    dot(pen, r) { pen.arc(0, 0, r * 0.6, 0, 7); pen.fill(); },
    ring(pen, r) { pen.lineWidth = r * 0.5; pen.arc(0, 0, r, 0, 7); pen.stroke(); },
    cross(pen, r) { pen.lineWidth = r * 0.55; pen.moveTo(-r, -r); pen.lineTo(r, r); pen.moveTo(r, -r); pen.lineTo(-r, r); pen.stroke(); },
};

function drawGlyph(pen, kind, x, y, radius) {
    const look = markLooks[kind];
    pen.save();
    pen.translate(x, y);
    // A rim of the background keeps it apart from what it lies on.
    pen.fillStyle = theme.colour("ground");
    pen.beginPath();
    pen.arc(0, 0, radius * 1.7, 0, 7);
    pen.fill();
    pen.fillStyle = pen.strokeStyle = theme.colour(look.colour);
    pen.beginPath();
    glyphs[look.glyph](pen, radius);
    pen.restore();
}

// CSS pixels above the lanes: the names of rounds, and above them rows of faults.
const overRounds = 19, faultRow = 17;
const mostFaultRows = 8;

// Puts each fault, from the first on, into the first row in which it and its name have room; calls put(band, row, from,
// to, at) in pixels, and returns how many rows are taken. What finds no room in the last row is left out.
function stackFaults(pen, bands, x, left, right, gap, put) {
    const free = [];
    for (const band of bands) {
        const from = Math.max(left, x(band.from)), to = Math.min(right, x(band.to ?? Infinity));
        const width = pen.measureText(band.label).width, at = Math.max(left, Math.min(from, right - width));
        let row = free.findIndex((end) => end <= at);
        if (row < 0) row = free.length;
        if (row >= mostFaultRows) continue;
        free[row] = Math.max(to, at + width) + gap;
        put(band, row, from, to, at);
    }
    return free.length;
}

// How many rows the faults of a run take when all of it is seen in a chart so wide.
function faultRowsIn(run, width) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = theme.font(11, "600");
    return Math.max(1, stackFaults(pen, run.bands, (time) => Math.min(time / Math.max(run.length, 1e-6), 1) * width, 0, width, 8, () => {}));
}

// For most of what is seen.
const lasts = (band, range, length) => Math.min(band.to ?? length, range.to) - Math.max(band.from, range.from) >= 0.5 * range.span;

const faultHatch = (pen, scale) => hatch(pen, theme.colour("fault-hatch"), scale, 1, 8);

function drawBand(pen, scale, x, y, width, height, hatching) {
    for (const fill of [theme.colour("fault-band"), hatching].filter(Boolean)) {
        pen.fillStyle = fill;
        pen.fillRect(x, y, width, height);
    }
    pen.fillStyle = theme.colour("fault");
    pen.fillRect(x, y, Math.max(1, 1.5 * scale), height);
    if (width > 3 * scale) pen.fillRect(x + width - 1.5 * scale, y, 1.5 * scale, height);
}

// What could not be told stays faint; a node of which no phases are known just runs.
const groupColour = (phase) => phase === "unknown" ? "lane" : phase ? "phase-" + phase : "life";

// A line for each row, its name, and what happened in it. Names stand left of the lanes, or above them where there is
// no room.
class LanePainter {
    constructor(run, range, narrow) {
        this.run = run;
        this.range = range;
        this.narrow = narrow;
        this.barTop = narrow ? 17 : 4;
        this.barHeight = 17;
        this.pen = null;
    }

    // Rows are drawn from `scroll` pixels on, into the plot of the chart.
    paint(chart, rows, scroll, chosen, moment) {
        const pen = chart.ctx, scale = devicePixelRatio, box = chart.bbox;
        const x = (time) => chart.valToPos(time, "x", true);
        const place = {pen, scale, box, x, left: box.left, right: box.left + box.width};
        this.pen ??= new PhasePen(pen, scale);
        this.hatching ??= faultHatch(pen, scale);
        pen.save();  // the chart keeps count of its own state
        this.paintRounds(pen, scale, box, x);
        this.paintFaultNames(pen, scale, box, x);
        pen.beginPath();
        pen.rect(0, box.top, chart.ctx.canvas.width, box.height);
        pen.clip();
        const first = Math.max(0, rows.index(scroll));
        let nodes = 0;
        for (let i = first; i < rows.list.length && rows.top(i) < scroll + box.height / scale; ++i) {
            const row = rows.list[i], top = box.top + (rows.top(i) - scroll) * scale;
            if (row.kind === "node") this.paintNode(place, row.node, i === chosen, top);
            else if (row.kind === "group") this.paintGroup(place, row, top, rows.tall(i) * scale);
            else if (row.kind === "capacity") this.paintCapacity(place, row, top, rows.tall(i) * scale);
            else this.paintLinks(place, row, top, rows.tall(i) * scale);
            if (row.kind === "node") ++nodes;
        }
        if (moment !== null && moment >= this.range.from && moment <= this.range.to) this.paintMoment(pen, scale, box, x(moment));
        pen.restore();
        chart.root.dataset.drawn = nodes;
    }

    paintNode({pen, scale, box, x, left, right}, node, chosen, top) {
        const clampX = (value) => Math.min(right, Math.max(left, x(value)));
        const bar = top + this.barTop * scale, tall = this.barHeight * scale;
        this.paintName(pen, scale, node, chosen, box, top);
        pen.fillStyle = theme.colour("lane");
        pen.fillRect(left, bar + tall / 2 - scale / 2, right - left, scale);
        if (node.from !== null) {
            pen.fillStyle = theme.colour("life");
            const begin = clampX(node.from), end = clampX(node.to ?? this.run.length);
            if (end > begin && !node.lane) pen.fillRect(begin, bar + tall * 0.36, end - begin, tall * 0.28);
        }
        if (node.lane)
            node.lane.eachRun(this.range.from, this.range.to, x, (from, to, phase) => {
                const a = Math.max(left, from), b = Math.min(right, to);
                if (b > a) this.pen.draw(this.run.phaseNames[phase], a, bar, b - a, tall);
            });
        for (const band of node.bands) {
            const a = clampX(band.from), b = clampX(band.to ?? this.run.length);
            if (b > a || (band.from >= this.range.from && band.from <= this.range.to))
                this.paintBand(pen, scale, band, a, Math.max(b - a, 2 * scale), bar, tall);
        }
        this.paintMarks(pen, scale, node, x, left, right, bar, tall);
    }

    // Of nodes that are alike: how many of them did what, one above the other.
    paintGroup({pen, scale, box, x, left, right}, row, top, height) {
        const name = this.narrow ? 17 * scale : 4 * scale;
        const bar = top + name, tall = height - name - 5 * scale, width = Math.floor(right - left);
        const shares = groupShares(this.run, row.nodes, this.range.from, this.range.to, x, left, width);
        pen.fillStyle = theme.colour("raised");
        pen.fillRect(left, bar, width, tall);
        for (let i = 0; i < width; ++i) {
            let base = bar + tall;
            shares.forEach((sum, phase) => {
                if (sum[i] <= 0) return;
                const high = Math.min(base - bar, tall * sum[i] / row.nodes.length);
                pen.fillStyle = theme.colour(groupColour(this.run.phaseNames[phase]));
                pen.fillRect(left + i, base - high, 1, high);
                base -= high;
            });
        }
        this.paintText(pen, scale, row.name, {box, top: this.narrow ? top + 8 * scale : top + height / 2, weight: "600"});
    }

    paintCapacity({pen, scale, box, x, left, right}, row, top, height) {
        const name = this.narrow ? 14 * scale : 0;
        this.run.capacity.paint(pen, scale, row.node.index, this.range, x, left, right, top + name + 2 * scale, height - name - 4 * scale);
        this.paintText(pen, scale, row.name, {box, top: this.narrow ? top + 7 * scale : top + height / 2, colour: "muted", size: 11, indent: 10});
    }

    paintLinks({pen, scale, box, x, left, right}, row, top, height) {
        const name = this.narrow ? 14 * scale : 0;
        const middle = top + name + (height - name) / 2;
        this.linkPen ??= new LinkPen(pen, scale);
        for (const link of row.links)
            if (link.from <= this.range.to && (link.to ?? Infinity) >= this.range.from)
                this.linkPen.draw(this.run, link, x, left, right, middle, 12 * scale);
        this.paintText(pen, scale, row.name, {box, top: this.narrow ? top + 7 * scale : middle, colour: "muted", size: 11, indent: 10});
    }

    // A name left of the lanes, or above them; cut off where there is no room.
    paintText(pen, scale, text, {box, top, colour = "ink", weight = "", size = 12, indent = 0}) {
        pen.font = theme.font(size * scale, weight);
        pen.fillStyle = theme.colour(colour);
        pen.textBaseline = "middle";
        pen.textAlign = "left";
        const room = (this.narrow ? box.width : box.left - 12 * scale) - indent * scale;
        let name = visible(text);
        if (pen.measureText(name).width > room) {
            while (name.length > 1 && pen.measureText(name + "…").width > room) name = name.slice(0, -1);
            name += "…";
        }
        pen.fillText(name, (this.narrow ? box.left + 2 * scale : 0) + indent * scale, top);
    }

    // One that lasts is a strip below the phases, which it would hide.
    paintBand(pen, scale, band, from, width, bar, tall) {
        if (!lasts(band, this.range, this.run.length)) return drawBand(pen, scale, from, bar - 3 * scale, width, tall + 6 * scale, this.hatching);
        pen.fillStyle = theme.colour("fault");
        pen.fillRect(from, bar + tall + scale, width, 2 * scale);
    }

    paintMoment(pen, scale, box, at) {
        pen.fillStyle = theme.colour("accent");
        pen.fillRect(at - scale / 2, box.top, scale, box.height);
    }

    paintMarks(pen, scale, node, x, left, right, bar, tall) {
        pen.fillStyle = theme.colour("muted");
        let lastTick = -Infinity;
        for (const mark of node.marks) {
            const at = x(mark.at);
            if (mark.at < this.range.from || mark.at > this.range.to) continue;
            if (mark.kind !== "progress") continue;
            if (at - lastTick < 2 * scale) continue;
            lastTick = at;
            pen.fillRect(at - scale / 2, bar + tall, scale, 4 * scale);
        }
        for (const mark of node.marks) {
            if (mark.kind === "progress" || mark.at < this.range.from || mark.at > this.range.to) continue;
            const at = Math.min(right - 5 * scale, Math.max(left + 5 * scale, x(mark.at)));
            drawGlyph(pen, mark.kind, at, bar + tall / 2, 4 * scale);
        }
    }

    paintName(pen, scale, node, chosen, box, top) {
        this.paintText(pen, scale, node.name + (node.failed ? " ✕" : ""), {box, weight: chosen || node.hit ? "600" : "",
            colour: node.failed ? "bad" : "ink", top: top + (this.narrow ? 8 : this.barTop + this.barHeight / 2) * scale});
        if (!chosen) return;
        pen.strokeStyle = theme.colour("accent");
        pen.lineWidth = scale;
        pen.strokeRect(box.left, top + (this.barTop - 3) * scale, box.width, (this.barHeight + 6) * scale);
    }

    // Rounds begin at thin lines, named above the lanes where there is room.
    paintRounds(pen, scale, box, x) {
        pen.font = theme.font(11 * scale);
        pen.textBaseline = "alphabetic";
        pen.textAlign = "left";
        let free = -Infinity;
        for (const round of this.run.rounds) {
            if (round.at < this.range.from || round.at > this.range.to) continue;
            const at = x(round.at);
            const name = "round " + visible(round.text).slice(0, 12), width = pen.measureText(name).width;
            if (at < free || at + width > box.left + box.width) continue;
            free = at + width + 10 * scale;
            pen.fillStyle = theme.colour("line");
            pen.fillRect(at, box.top - 14 * scale, scale, box.height + 14 * scale);
            pen.fillStyle = theme.colour("muted");
            pen.fillText(name, at + 4 * scale, box.top - 6 * scale);
        }
    }

    // Names of faults above the lanes.
    paintFaultNames(pen, scale, box, x) {
        pen.font = theme.font(11 * scale, "600");
        pen.textBaseline = "alphabetic";
        pen.textAlign = "left";
        const seen = this.run.bands.filter((band) => (band.to ?? this.run.length) >= this.range.from && band.from <= this.range.to);
        let named = 0;
        stackFaults(pen, seen, (time) => x(Math.min(time, this.run.length)), box.left, box.left + box.width, 8 * scale, (band, row, from, to, at) => {
            if (row >= this.run.faultRows) return;
            const base = box.top - (overRounds + row * faultRow) * scale;
            pen.fillStyle = theme.colour("fault");
            pen.fillRect(from, base - 3 * scale, Math.max(2 * scale, to - from), 3 * scale);
            pen.fillText(band.label, at, base - 5 * scale);
            ++named;
        });
        pen.canvas.dataset.named = named;
    }
}
