// SPDX-License-Identifier: Apache-2.0
// Bytes per second and direction: up above the line, down below it.

const byteSteps = Array.from({length: 50}, (unused, power) => 2 ** power);

function addUp(rows) {
    const sum = [];
    for (const row of rows) row.forEach((value, i) => sum[i] = (sum[i] ?? 0) + value);
    return sum;
}

function traffic(run, range) {
    const {step, up, down} = run.traffic;
    const all = {name: "all nodes together", up: addUp(up), down: addUp(down)};
    // Where nothing more was counted there was nothing: the line goes on to the end of the run.
    const count = Math.max(all.up.length, all.down.length, Math.ceil(run.length / step));
    const times = Array.from({length: count + 1}, (unused, i) => i * step);
    const filled = (row, sign) => times.map((unused, i) => sign * (row[Math.min(i, count - 1)] ?? 0) / step);
    // What could have passed, where a link has a rate of its own: in the steps of what did.
    const could = (way, sign) => times.map((time) => chosen.index === undefined ? null : signed(run.capacity?.rate(chosen.index, way, time), sign));
    const choose = (node) => node ? {index: node.index, name: node.name, up: up[node.index] ?? [], down: down[node.index] ?? [], total: node.bytes} : all;
    // What is up for one node is down for another: all together are a picture of nothing.
    const first = run.nodes.find((node) => node.hit && node.index > 0) ?? run.nodes.find((node) => node.index === 1);
    let chosen = choose(first), bands = first ? first.bands : run.bands;
    const readout = el("output.readout", {"aria-live": "off"}, "Point at the chart.");
    const place = el("div.chart.below-lanes");

    const live = new LiveChart(place, range, (narrow) => ({
        about: `Bytes per second over time, of ${chosen.name}: ${bytes(chosen.total?.[0] ?? run.bytes[0])} up, ` +
            `${bytes(chosen.total?.[1] ?? run.bytes[1])} down in all. The table below says the same.`,
        data: [times, filled(chosen.up, 1), filled(chosen.down, -1), could("up", 1), could("down", -1)],
        options: {
            height: 220,
            padding: [12, 26, 0, 0],
            scales: {y: {range: (chart, least, most) => [Math.min(least, -1) * 1.08, Math.max(most, 1) * 1.08]}},
            axes: [timeAxis(), {
                stroke: () => theme.colour("muted"),
                font: theme.font(12),
                grid: {stroke: () => theme.colour("grid"), width: 1},
                ticks: {show: false},
                size: narrow ? 64 : run.gutter,
                space: 34,
                incrs: byteSteps,
                values: (chart, splits) => splits.map((value) => bytes(Math.abs(value)) + "/s"),
            }],
            series: [{}, line("up"), line("down"), limit("up"), limit("down")],
            hooks: {
                drawClear: [(chart) => paintBands(chart, bands, range, run.length)],
                setCursor: [(chart) => {
                    const i = chart.cursor.idx;
                    if (i === null || i === undefined) return;
                    readout.textContent = `${clock(times[i], digitsFor(range.span / 1000))} · ${chosen.name} · ` +
                        `up ${bytes(chart.data[1][i])}/s · down ${bytes(-chart.data[2][i])}/s`;
                }],
            },
        },
    }));
    const choice = el("select", {id: "traffic-node", onchange: () => {
        const node = run.nodes.find((one) => String(one.index) === choice.value);
        chosen = choose(node);
        bands = node ? node.bands : run.bands;
        live.build();
    }}, el("option", {value: "all"}, "all nodes together"),
        run.nodes.map((node) => el("option", {value: node.index, selected: node === first}, node.name)));
    return [
        el("div.tools", {}, field("Bytes of", choice)),
        el("figure", {}, place, readout, el("figcaption.legend", {}, el("ul", {},
            el("li", {}, wave("up"), "up: from the node"), el("li", {}, wave("down"), "down: to the node"),
            run.capacity ? el("li", {}, "dashed: what its link could carry") : null))),
    ];
}

function line(way) {
    return {
        stroke: () => theme.colour("traffic-" + way),
        fill: () => theme.colour("traffic-" + way + "-fill"),
        width: 1.25,
        paths: uPlot.paths.stepped({align: 1}),
        points: {show: false},
    };
}

const signed = (value, sign) => value === null || value === undefined ? null : sign * value;

function limit(way) {
    return {
        stroke: () => theme.colour("traffic-" + way),
        width: 1.25,
        dash: [4, 3],
        paths: uPlot.paths.stepped({align: 1}),
        points: {show: false},
    };
}

function wave(way) {
    return swatch((pen, width, height) => {
        const base = way === "up" ? height - 2 : 2, top = way === "up" ? 4 : height - 4;
        pen.fillStyle = theme.colour("traffic-" + way);
        pen.fillRect(0, base, width, 2);
        pen.fillRect(width * 0.3, Math.min(base, top), width * 0.4, Math.abs(base - top));
    });
}

function paintBands(chart, bands, range, length) {
    const scale = devicePixelRatio, box = chart.bbox, pen = chart.ctx;
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    for (const band of bands) {
        const from = chart.valToPos(band.from, "x", true), to = chart.valToPos(band.to ?? length, "x", true);
        if (to < box.left || from > box.left + box.width) continue;
        if (!lasts(band, range, length)) {
            drawBand(pen, scale, from, box.top, Math.max(to - from, 2 * scale), box.height);
            continue;
        }
        pen.fillStyle = theme.colour("fault");
        pen.fillRect(from, box.top + box.height - 3 * scale, to - from, 3 * scale);
    }
    pen.restore();
}

// The same as numbers: the run in at most 30 steps, and what each node had in all.
function trafficTable(run) {
    const {step, up, down} = run.traffic;
    const sums = [addUp(up), addUp(down)];
    const count = Math.max(sums[0].length, sums[1].length), each = Math.max(1, Math.ceil(count / 30));
    const rows = [];
    for (let i = 0; i < count; i += each) {
        const part = (sum) => sum.slice(i, i + each).reduce((a, b) => a + b, 0);
        rows.push({from: i * step, up: part(sums[0]), down: part(sums[1])});
    }
    return [
        table("Bytes of all nodes, in steps of " + seconds(each * step), [
            {name: "From", cell: (row) => clock(row.from, digitsFor(step))},
            {name: "Up", kind: "number", cell: (row) => bytes(row.up)},
            {name: "Down", kind: "number", cell: (row) => bytes(row.down)},
        ], rows),
        table("Bytes of each node", [
            {name: "Node", cell: (node) => node.name},
            {name: "Up", kind: "number", cell: (node) => bytes(node.bytes[0])},
            {name: "Down", kind: "number", cell: (node) => bytes(node.bytes[1])},
        ], run.nodes),
    ];
}
