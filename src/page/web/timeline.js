// SPDX-License-Identifier: Apache-2.0
// The timeline: one chart, as high as fits, through which the lanes are scrolled.

const tallestLanes = 560;  // CSS pixels
const underLanes = 34;     // the time axis

function timeline(run, range, moment) {
    const readout = el("output.readout", {"aria-live": "off"}, "Point at a lane; click to see the logs of that moment; N goes to the next event.");
    const place = el("div.chart");
    const filler = el("div");
    const lanes = el("div.lanes", {tabindex: 0, role: "group", "aria-label":
        `Timeline of ${plural(run.nodes.length, "node")}. Left and right arrow keys move, plus and minus zoom, 0 shows the ` +
        "whole run, N and P go from event to event, up and down scroll, a click shows the moment in the logs. The tables below say the same."}, place, filler);
    let shown = withCapacity(run, withLinks(run, groupedRows(run), "hit")), rows, painter, chosen = -1, at = -1;

    const live = new LiveChart(place, range, (narrow) => {
        painter = new LanePainter(run, range, narrow);
        run.faultRows = faultRowsIn(run, place.clientWidth - (narrow ? 12 : run.gutter) - 26);
        const overLanes = overRounds + faultRow * run.faultRows + 6;
        rows = new Rows(shown, narrow);
        const all = rows.height + 4, seen = Math.min(all, tallestLanes);
        filler.style.height = all - seen + "px";
        lanes.style.maxHeight = seen + overLanes + underLanes + "px";
        document.documentElement.style.setProperty("--scrollbar", lanes.offsetWidth - lanes.clientWidth + "px");
        return {
            about: run.summary,
            data: [[0, run.length], [null, null]],
            options: {
                height: seen + overLanes + underLanes,
                padding: [overLanes, 26, 0, narrow ? 12 : run.gutter],
                scales: {y: {range: [0, 1]}},
                axes: [timeAxis(), {show: false}],
                series: [{}, {paths: () => null, points: {show: false}}],
                hooks: {
                    draw: [(chart) => painter.paint(chart, rows, lanes.scrollTop, chosen, moment.at)],
                    setCursor: [point],
                },
            },
        };
    });
    const redraw = () => live.chart?.redraw(false, false);

    function point(chart) {
        const {left, top, event} = chart.cursor;
        if (!event || left === null || left < 0) return;
        readout.setAttribute("aria-live", "off");
        readout.textContent = describe(run, chart.posToVal(left, "x"), range.span, rows.at(top + lanes.scrollTop));
    }

    function step(by) {
        if (!run.events.length || !live.chart) return;
        at = Math.min(run.events.length - 1, Math.max(0, at < 0 ? 0 : at + by));
        const event = run.events[at];
        moment.set(event.at, event.node);
        const top = chosen < 0 ? 0 : rows.top(chosen);
        if (chosen >= 0 && (top < lanes.scrollTop || top + rows.tall(chosen) > lanes.scrollTop + tallestLanes))
            lanes.scrollTop = top - tallestLanes / 2;
        redraw();
        live.chart.setCursor({left: (event.at - range.from) / range.span * live.chart.over.clientWidth, top: 10}, false);
        readout.setAttribute("aria-live", "polite");
        readout.textContent = visible(clock(event.at, 3) + " · " + event.text);
    }

    // A click, and no drag.
    let pressed = null;
    lanes.addEventListener("pointerdown", (event) => pressed = event.clientX);
    lanes.addEventListener("click", (event) => {
        const over = live.chart?.over;
        if (!over || !over.contains(event.target) || Math.abs(event.clientX - pressed) > 3) return;
        const box = over.getBoundingClientRect();
        const row = rows.at(event.clientY - box.top + lanes.scrollTop);
        moment.set(live.chart.posToVal(event.clientX - box.left, "x"), row?.node);
    });
    moment.listeners.push(() => {
        if (!live.chart) return;
        range.show(moment.at);
        chosen = rows.ofNode(moment.node);
        redraw();
        readout.textContent = describe(run, moment.at, range.span, rows.list[chosen]);
    });
    lanes.addEventListener("scroll", redraw);
    lanes.addEventListener("keydown", (event) => {
        const act = {
            arrowleft: () => range.pan(-0.1), arrowright: () => range.pan(0.1),
            "+": () => range.zoom(0.5), "=": () => range.zoom(0.5), "-": () => range.zoom(2), 0: () => range.all(),
            n: () => step(1), p: () => step(-1),
        }[event.key.toLowerCase()];
        if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        act();
    });
    const show = (list) => {
        shown = list;
        chosen = -1;
        lanes.scrollTop = 0;
        live.build();
    };
    return el("figure.timeline", {}, rangeTools(run, range, step), laneChoice(run, show), lanes, readout, legend(run), unknownNote(run));
}

// "12.345 s · collaborator2 · sending, from 12.300 s for 0.200 s · cut 1"
function describe(run, time, span, row) {
    const digits = Math.min(6, Math.max(1, digitsFor(span / 1000)));
    const parts = [clock(time, digits)], node = row?.node;
    if (row?.kind === "group") {
        parts.push(row.name, ...groupDoing(run, row.nodes, time));
    } else if (row?.kind === "capacity") {
        parts.push(node.name, ...run.capacity.texts(node.index, time));
    } else if (row?.kind === "links") {
        const links = row.links.filter((link) => link.from <= time && time <= (link.to ?? run.length));
        parts.push(node.name, ...(links.length ? links.map((link) => describeLink(link, time)) : ["no connection then"]));
    } else if (node) {
        parts.push(node.name);
        const phase = node.lane?.at(time) ?? -1;
        if (phase >= 0)
            parts.push(`${run.phaseNames[node.lane.phase[phase]]}, from ${clock(node.lane.from[phase], digits)} for ` +
                seconds(node.lane.to[phase] - node.lane.from[phase]));
        for (const band of node.bands)
            if (band.from <= time && time <= (band.to ?? run.length)) parts.push(band.label);
        const near = node.marks.filter((mark) => Math.abs(mark.at - time) < span / 120).slice(0, 3);
        for (const mark of near) parts.push(markText(mark));
    }
    return visible(parts.join(" · "));
}

function markText(mark) {
    const says = markLooks[mark.kind].says;
    if (mark.kind === "progress") return "progress: " + mark.text;
    if (mark.kind === "exit" || mark.kind === "failed") return "ended with " + mark.text;
    return mark.text ? `${says}: “${mark.text}”` : says;
}

const button = (text, label, onclick) => el("button", {type: "button", "aria-label": label, title: label, onclick}, text);

function rangeTools(run, range, step) {
    const said = el("output.range", {"aria-live": "polite"}, range.text());
    range.listeners.push(() => said.textContent = range.text());
    const aim = (band) => {
        const end = band.to ?? run.length, margin = Math.max((end - band.from) * 0.6, run.length / 200);
        range.set(band.from - margin, end + margin);
    };
    let aimed = -1;
    const next = () => run.bands.length && aim(run.bands[aimed = (aimed + 1) % run.bands.length]);
    return el("div.tools", {},
        button("−", "Zoom out", () => range.zoom(2)), button("+", "Zoom in", () => range.zoom(0.5)),
        button("←", "Earlier", () => range.pan(-0.25)), button("→", "Later", () => range.pan(0.25)),
        button("Whole run", "Show the whole run", () => range.all()),
        run.bands.length ? button(run.bands.length > 1 ? "Next fault" : "Fault", "Zoom to the next fault", next) : null,
        button("Next event", "Go to the next event", () => step(1)), said);
}

// "980 computing", "3 not running"
function groupDoing(run, nodes, time) {
    const doing = (node) => {
        if (node.from === null || time < node.from || time > (node.to ?? run.length)) return "not running";
        const phase = node.lane?.at(time) ?? -1;
        return phase < 0 ? "running" : run.phaseNames[node.lane.phase[phase]];
    };
    return tally(nodes.map(doing)).map(([what, count]) => `${grouped(count)} ${what}`);
}

const isNotable = (node) => node.hit || node.failed || node.stopped || node.index === 0;

// With many nodes, those that matter have lanes of their own, and the others share one; all of them can be had, and those
// with a name. Connections are lanes below their nodes.
function laneChoice(run, show) {
    const many = run.nodes.length > 8;
    if (!many && !run.links.size) return null;
    const rows = groupedRows(run), isGrouped = rows.some((row) => row.kind === "group");
    const notable = run.nodes.filter(isNotable), ordered = [...notable, ...run.nodes.filter((node) => !isNotable(node))];
    const choices = {
        grouped: isGrouped ? [`${plural(rows.filter((row) => row.kind === "node").length, "node")}, the others together`, () => rows] : null,
        all: [`all ${grouped(run.nodes.length)} nodes`, () => isGrouped ? singleRows(ordered) : rows],
        notable: [`${grouped(notable.length)}: aggregator, hit, failed or stopped`, () => singleRows(notable)],
    };
    const which = el("select", {id: "lane-choice"}, Object.entries(choices).filter(([, choice]) => choice)
        .map(([value, [text]]) => el("option", {value}, text)));
    const search = el("input", {type: "search", id: "lane-search", placeholder: "part of a name", autocomplete: "off"});
    const links = el("select", {id: "link-choice"}, el("option", {value: "hit"}, "of nodes that were hit, and half open"),
        el("option", {value: "all"}, "of all nodes"), el("option", {value: "none"}, "none"));
    const choose = () => {
        const wanted = search.value.trim().toLowerCase();
        const list = wanted ? singleRows(ordered.filter((node) => node.name.toLowerCase().includes(wanted))) : choices[which.value][1]();
        show(withCapacity(run, run.links.size ? withLinks(run, list, links.value) : list));
    };
    search.addEventListener("input", choose);
    for (const choice of [which, links]) choice.addEventListener("change", choose);
    return el("div.tools", {}, many ? [field("Lanes", which), field("Name", search)] : null, run.links.size ? field("Connections", links) : null);
}

// A control and its name, which stay together on one line.
const field = (name, control) => el("span.field", {}, el("label", {for: control.id}, name), control);

// How much of the nodes' time could not be told.
function unknownNote(run) {
    const index = run.phaseNames.indexOf("unknown");
    const sums = list(run.phases?.totals).map((phases) => phases.map(([, took]) => took));
    const all = addUp(sums).reduce((a, b) => a + b, 0), unknown = index < 0 ? 0 : addUp(sums)[index] ?? 0;
    if (!(unknown > 0.05 * all)) return null;
    return el("p.note", {}, `What the nodes did could not be told for ${Math.round(100 * unknown / all)} % of their time: where more nodes want ` +
        "to work than the machine has processors, who waits for one looks like who waits for the network.");
}

function legend(run) {
    const entry = (picture, text, title) => el("li", {title}, picture, text);
    const used = new Set(run.nodes.flatMap((node) => node.marks.map((mark) => mark.kind)));
    return el("figcaption.legend", {}, el("ul", {},
        run.nodes.some((node) => node.lane) ? run.phaseNames.map((phase) => entry(
            swatch((pen, width, height, scale) => new PhasePen(pen, scale).draw(phase, 0, 0, width, height)),
            phase, phaseMeanings[phase])) : null,
        run.bands.length ? entry(swatch((pen, width, height, scale) => drawBand(pen, scale, 0, 0, width, height, faultHatch(pen, scale))), "fault") : null,
        Object.keys(markLooks).filter((kind) => used.has(kind) && kind !== "progress").map((kind) => entry(
            swatch((pen, width, height, scale) => drawGlyph(pen, kind, width / 2, height / 2, 4 * scale)), markLooks[kind].says)),
        run.capacity ? capacityLegend(run, entry) : null,
        run.links.size ? linkLegend(run) : null,
        groupedRows(run).some((row) => row.kind === "group") ? entry(swatch((pen, width, height) => {
            pen.fillStyle = theme.colour("life");
            for (let i = 0; i < 4; ++i) pen.fillRect(i * width / 4, height * (0.6 - 0.2 * i), width / 4, height * (0.4 + 0.2 * i));
        }), "of nodes together: how many") : null,
        used.has("progress") ? entry(swatch((pen, width, height, scale) => {
            pen.fillStyle = theme.colour("muted");
            pen.fillRect(width / 2, height / 4, scale, height / 2);
        }), "progress") : null));
}
