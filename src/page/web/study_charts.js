// SPDX-License-Identifier: Apache-2.0
// Charts of a study, as SVG: small multiples with error bars, a heat map, and where runs begin to fail.

const chartSize = {width: 380, height: 250, left: 52, right: 12, top: 12, bottom: 40};

// Places of values along `length` pixels from `start`; logarithmic only if all of them are above 0.
function scaleOf(values, start, length, logarithmic, zero) {
    const known = values.filter(isNumber);
    let least = Math.min(...known), most = Math.max(...known);
    if (!known.length) [least, most] = [0, 1];
    const log = logarithmic && least > 0;
    if (zero && !log) least = Math.min(0, least);
    if (least === most) [least, most] = log ? [least / 2, most * 2] : [Math.min(0, least), most || 1];
    const f = log ? Math.log : (value) => value;
    const at = (value) => start + (f(value) - f(least)) / (f(most) - f(least)) * length;
    return {at, ticks: log ? logTicks(least, most) : roundTicks(least, most), log, clamp: (value) => Math.min(most, Math.max(least, value))};
}

function roundTicks(least, most) {
    const rough = (most - least) / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((one) => one >= rough) ?? rough;
    const ticks = [];
    for (let tick = Math.ceil(least / step - 1e-9) * step; tick <= most + step * 1e-9; tick += step) ticks.push(+tick.toPrecision(12));
    return ticks;
}

function logTicks(least, most) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); ++power)
        for (const n of most / least > 200 ? [1] : [1, 2, 5]) {
            const tick = n * 10 ** power;
            if (tick >= least * 0.999 && tick <= most * 1.001) ticks.push(tick);
        }
    return ticks.length > 1 ? ticks : [least, most];
}

const seriesColour = (i) => `var(--${seriesColours[i % seriesColours.length]})`;

// A mark of its own for each line, so that colour is not all that tells them apart.
function seriesMark(i, x, y) {
    const colour = seriesColour(i), r = 3.6;
    const shapes = [
        () => svg("circle", {cx: x, cy: y, r, fill: colour}),
        () => svg("rect", {x: x - r, y: y - r, width: 2 * r, height: 2 * r, fill: colour}),
        () => svg("path", {d: `M${x} ${y - r - 1}L${x + r + 1} ${y + r}H${x - r - 1}Z`, fill: colour}),
        () => svg("path", {d: `M${x} ${y - r - 1}L${x + r + 1} ${y}L${x} ${y + r + 1}L${x - r - 1} ${y}Z`, fill: colour}),
        () => svg("circle", {cx: x, cy: y, r, fill: "var(--ground)", stroke: colour, "stroke-width": 2}),
    ];
    return shapes[i % shapes.length]();
}

// lines: [{name, points: [{x, value, least, most, points}]}]; x: {labels, at}; y: scale. `rule`: a line across, or null.
function lineChart({lines, x, y, label, about, text, rule}) {
    const {width, height, left, right, top, bottom} = chartSize;
    const parts = [];
    for (const tick of y.ticks)
        parts.push(svg("line", {class: "grid", x1: left, x2: width - right, y1: y.at(tick), y2: y.at(tick)}),
            svg("text", {class: "tick", x: left - 6, y: y.at(tick) + 4, "text-anchor": "end"}, text(tick)));
    if (rule !== null && rule !== undefined) parts.push(svg("line", {class: "rule", x1: left, x2: width - right, y1: y.at(rule), y2: y.at(rule)}));
    for (const [at, name] of x.labels)
        parts.push(svg("text", {class: "tick", x: at, y: height - bottom + 16, "text-anchor": "middle"}, name));
    parts.push(svg("line", {class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom}),
        svg("text", {class: "tick name", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle"}, label));
    lines.forEach((line, i) => {
        const shift = (i - (lines.length - 1) / 2) * Math.min(5, 18 / lines.length);
        const points = line.points.map((point) => ({...point, at: x.at(point.x) + shift}));
        const dots = points.flatMap((point) => point.points.map((value) => `M${point.at.toFixed(1)} ${y.at(y.clamp(value)).toFixed(1)}h0`)).join("");
        if (dots) parts.push(svg("path", {class: "dots-of-runs", d: dots, stroke: seriesColour(i)}));
        const bars = points.map((point) => {
            const low = y.at(y.clamp(point.least)).toFixed(1), high = y.at(y.clamp(point.most)).toFixed(1), at = point.at;
            return `M${at} ${low}V${high}M${at - 3} ${low}h6M${at - 3} ${high}h6`;
        }).join("");
        parts.push(svg("path", {class: "error-bars", d: bars, stroke: seriesColour(i)}));
        if (points.length > 1) parts.push(svg("path", {class: "curve", d: "M" + points.map((point) => `${point.at.toFixed(1)} ${y.at(point.value).toFixed(1)}`).join("L"),
            stroke: seriesColour(i), "stroke-dasharray": seriesDashes[i % seriesDashes.length]}));
        for (const point of points) {
            const mark = seriesMark(i, point.at, y.at(point.value));
            mark.append(svg("title", {}, `${line.name ? line.name + ", " : ""}${point.name}: ${text(point.value)} (${text(point.least)} to ${text(point.most)}, ${plural(point.runs, "run")})`));
            parts.push(mark);
        }
    });
    return svg("svg", {class: "small-chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": about}, parts);
}

// Where levels of the factor stand: by their numbers, or one beside the other. Labels that would touch are left out.
function axisOfLevels(factor, logarithmic) {
    const {width, left, right} = chartSize, start = left + 16, length = width - right - left - 32;
    const levels = factor?.levels ?? [""];
    const numbers = factor?.numbers;
    const scale = numbers ? scaleOf(numbers, start, length, logarithmic, false) : null;
    const at = (i) => scale ? scale.at(numbers[i]) : start + (levels.length > 1 ? i / (levels.length - 1) : 0.5) * length;
    const labels = [];
    let end = -Infinity;
    for (const i of levels.map((unused, i) => i).sort((a, b) => at(a) - at(b))) {
        const name = levels[i].length > 14 ? levels[i].slice(0, 13) + "…" : levels[i], half = name.length * 3.1;
        if (at(i) - half < end + 4) continue;
        labels.push([at(i), name]);
        end = at(i) + half;
    }
    return {at, labels};
}

function legendOf(view) {
    if (!view.series) return null;
    return el("ul.key", {}, view.series.levels.map((level, i) => el("li", {},
        svg("svg", {viewBox: "0 0 34 14", class: "line-key", "aria-hidden": "true"}, svg("path", {class: "curve", d: "M2 7H32", stroke: seriesColour(i),
            "stroke-dasharray": seriesDashes[i % seriesDashes.length]}), seriesMark(i, 17, 7)), `${view.series.name} ${level}`)));
}

function linesOf(view, panelLevel) {
    const {study, x, series, panel, measure} = view;
    const order = (x?.levels ?? [""]).map((unused, i) => i);
    if (x?.numbers) order.sort((a, b) => x.numbers[a] - x.numbers[b]);
    return (series?.levels ?? [""]).map((name, s) => ({
        name: series ? `${series.name} ${name}` : "",
        points: order.flatMap((i) => {
            const found = study.valueOf(view.cell([panel, panelLevel], [series, s], [x, i]), measure);
            return found ? [{...found, x: i, name: x ? `${x.name} ${x.levels[i]}` : "all runs"}] : [];
        }),
    }));
}

function studyCharts(view) {
    const place = el("div");
    const draw = () => {
        const {study, x, panel, measure} = view, share = measure === failedShare;
        const panels = (panel?.levels ?? [""]).map((level, i) => ({level, lines: linesOf(view, i)}));
        const points = panels.flatMap((one) => one.lines).flatMap((line) => line.points);
        const {height, top, bottom} = chartSize;
        const values = share ? [0, 1] : points.flatMap((point) => [point.least, point.most, ...point.points]);
        const y = scaleOf(values, height - bottom, top + bottom - height, view.logarithmic && !share, true);
        const text = (value) => study.text(value, measure);
        place.replaceChildren(el("p.note", {}, study.meaning(measure), ". Bars are 95 % intervals, faint dots single runs."), legendOf(view) ?? "",
            el("div.multiples", {}, panels.map(({level, lines}) => el("figure", {}, panel ? el("figcaption", {}, `${panel.name} ${level}`) : null,
                lines.some((line) => line.points.length) ? lineChart({lines, x: axisOfLevels(x, view.logarithmic), y, label: x ? x.name : "", text,
                    about: `${measure}${panel ? `, ${panel.name} ${level}` : ""}${x ? `, along ${x.name}` : ""}; the table of combinations has the numbers`,
                    rule: share ? 0.5 : null}) : el("p.note", {}, "No run has this number.")))));
    };
    view.listeners.push(draw);
    draw();
    return place;
}

// Shades from the page's ground to one colour; the number stands in each field.
function heatMap(view) {
    const place = el("div");
    const draw = () => {
        const {study, x, measure} = view, y = view.series ?? view.panel;
        if (!x || !y) return place.replaceChildren(el("p.note", {}, "Choose two factors above."));
        const fields = y.levels.map((unused, j) => x.levels.map((unusedToo, i) => study.valueOf(view.cell([view.panel, 0], [y, j], [x, i]), measure)));
        const values = fields.flat().filter(Boolean).map((one) => one.value);
        const [least, most] = measure === failedShare ? [0, 1] : [Math.min(...values), Math.max(...values)];
        const shade = (value) => Math.round(8 + 62 * (most > least ? (value - least) / (most - least) : 0));
        place.replaceChildren(el("div.table", {}, el("table.heat", {},
            el("caption", {}, `${measure}: ${y.name} down, ${x.name} across`, view.panel && view.panel !== y ? `, ${view.panel.name} ${view.panel.levels[0]}` : ""),
            el("thead", {}, el("tr", {}, el("th", {scope: "col"}, y.name), x.levels.map((level) => el("th", {scope: "col"}, level)))),
            el("tbody", {}, y.levels.map((level, j) => el("tr", {}, el("th", {scope: "row"}, level), x.levels.map((name, i) => {
                const found = fields[j][i];
                const cell = el("td.shade", {"data-label": name, title: found ? `${study.text(found.least, measure)} to ${study.text(found.most, measure)}, ${plural(found.runs, "run")}` : null},
                    found ? study.text(found.value, measure) : "–");
                if (found) cell.style.setProperty("--shade", shade(found.value) + "%");
                return cell;
            })))))));
    };
    view.listeners.push(draw);
    draw();
    return place;
}

// Between which levels of a factor half of all runs begin to fail. It is known where intervals leave 50 % out.
function bracketOf(study, factor, at) {
    const order = factor.numbers.map((unused, i) => i).sort((a, b) => factor.numbers[a] - factor.numbers[b]);
    const shares = order.flatMap((i) => {
        const found = study.valueOf(study.cellAt(at.map((level, j) => j === factor.index ? i : level)), failedShare);
        return found ? [{...found, level: factor.levels[i], number: factor.numbers[i]}] : [];
    });
    const fatal = shares.findIndex((one, i) => shares.slice(i).every((later) => later.least > 0.5));
    const known = fatal < 0 ? shares : shares.slice(0, fatal);
    let harmless = -1;
    known.forEach((one, i) => { if (one.most < 0.5 && known.slice(0, i).every((earlier) => earlier.most < 0.5 || earlier.value <= 0.5)) harmless = i; });
    let crossing = null;
    for (let i = 1; i < shares.length && crossing === null; ++i) {
        const [a, b] = [shares[i - 1], shares[i]];
        if (a.value < 0.5 && b.value >= 0.5) crossing = a.number + (0.5 - a.value) / (b.value - a.value) * (b.number - a.number);
    }
    return {shares, harmless: harmless < 0 ? null : shares[harmless], fatal: fatal < 0 ? null : shares[fatal], crossing};
}

function thresholds(study) {
    const factor = study.varied.find((one) => one.numbers);
    if (!factor || !study.cells.some((cell) => cell.share?.failed)) return null;
    const seen = new Map();
    for (const cell of study.cells) {
        const at = cell.at.map((level, i) => i === factor.index ? 0 : level);
        seen.set(study.place(at), at);
    }
    const rows = [...seen.values()].map((at) => ({at, ...bracketOf(study, factor, at)})).filter((row) => row.shares.length > 1);
    const others = study.varied.filter((one) => one !== factor);
    const runs = (one) => one ? [one.level, el("small", {}, `${Math.round(one.value * one.runs)} of ${one.runs} failed`)] : "not found";
    return table(`Where runs begin to fail along ${factor.name}: up to the first level most runs survive, and from the last one on most fail, with 95 % confidence`, [
        ...(others.length ? others.map((one) => ({name: one.name, cell: (row) => one.levels[row.at[one.index]]})) : [{name: "Cells", cell: () => "all"}]),
        {name: "Survive up to", cell: (row) => runs(row.harmless)},
        {name: "Half fail at", kind: "number", cell: (row) => row.crossing === null ? "–" : `${shortNumber(row.crossing)} ${factor.unit ?? ""}`},
        {name: "Fail from", cell: (row) => runs(row.fatal)},
    ], rows);
}
