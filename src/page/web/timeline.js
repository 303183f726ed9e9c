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
    let shown = inLaneOrder(run), painter, chosen = -1, at = -1;

    const live = new LiveChart(place, range, (narrow) => {
        painter = new LanePainter(run, range, narrow);
        run.faultRows = faultRowsIn(run, place.clientWidth - (narrow ? 12 : run.gutter) - 26);
        const overLanes = overRounds + faultRow * run.faultRows + 6;
        const all = shown.length * painter.laneHeight + 4, seen = Math.min(all, tallestLanes);
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
                    draw: [(chart) => painter.paint(chart, shown, lanes.scrollTop, chosen, moment.at)],
                    setCursor: [point],
                },
            },
        };
    });
    const redraw = () => live.chart?.redraw(false, false);

    function point(chart) {
        const {left, top, event} = chart.cursor;
        if (!event || left === null || left < 0) return;
        const node = shown[Math.floor((top + lanes.scrollTop) / painter.laneHeight)];
        readout.setAttribute("aria-live", "off");
        readout.textContent = describe(run, chart.posToVal(left, "x"), range.span, node);
    }

    function step(by) {
        if (!run.events.length || !live.chart) return;
        at = Math.min(run.events.length - 1, Math.max(0, at < 0 ? 0 : at + by));
        const event = run.events[at];
        moment.set(event.at, event.node);
        const top = chosen * painter.laneHeight;
        if (chosen >= 0 && (top < lanes.scrollTop || top + painter.laneHeight > lanes.scrollTop + tallestLanes))
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
        const node = shown[Math.floor((event.clientY - box.top + lanes.scrollTop) / painter.laneHeight)];
        moment.set(live.chart.posToVal(event.clientX - box.left, "x"), node);
    });
    moment.listeners.push(() => {
        if (!live.chart) return;
        range.show(moment.at);
        chosen = shown.indexOf(moment.node);
        redraw();
        readout.textContent = describe(run, moment.at, range.span, moment.node);
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
    const show = (nodes) => {
        shown = nodes;
        chosen = -1;
        lanes.scrollTop = 0;
        live.build();
    };
    return el("figure.timeline", {}, rangeTools(run, range, step), laneChoice(run, show), lanes, readout, legend(run), unknownNote(run));
}

// "12.345 s · collaborator2 · sending, from 12.300 s for 0.200 s · cut 1"
function describe(run, time, span, node) {
    const digits = Math.min(6, Math.max(1, digitsFor(span / 1000)));
    const parts = [clock(time, digits)];
    if (node) {
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

const isNotable = (node) => node.hit || node.failed || node.stopped || node.index === 0;

// Where not all lanes are seen at once, those that matter come first.
const inLaneOrder = (run) => run.nodes.length <= 20 ? run.nodes :
    [...run.nodes.filter(isNotable), ...run.nodes.filter((node) => !isNotable(node))];

// With many nodes, those that matter can be had alone.
function laneChoice(run, show) {
    if (run.nodes.length <= 8) return null;
    const ordered = inLaneOrder(run), notable = ordered.filter(isNotable);
    const search = el("input", {type: "search", id: "lane-search", placeholder: "part of a name", autocomplete: "off"});
    const which = el("select", {id: "lane-choice"}, el("option", {value: "all"}, `all ${run.nodes.length} nodes`),
        el("option", {value: "notable"}, `${notable.length}: aggregator, hit, failed or stopped`));
    const choose = () => {
        const wanted = search.value.trim().toLowerCase();
        show((which.value === "all" ? ordered : notable).filter((node) => node.name.toLowerCase().includes(wanted)));
    };
    search.addEventListener("input", choose);
    which.addEventListener("change", choose);
    return el("div.tools", {}, el("label", {for: "lane-choice"}, "Lanes"), which, el("label", {for: "lane-search"}, "Name"), search);
}

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
        used.has("progress") ? entry(swatch((pen, width, height, scale) => {
            pen.fillStyle = theme.colour("muted");
            pen.fillRect(width / 2, height / 4, scale, height / 2);
        }), "progress") : null));
}
