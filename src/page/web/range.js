// SPDX-License-Identifier: Apache-2.0
// The stretch of time that all charts show, in seconds since the run began.

class Range {
    constructor(length) {
        this.length = Math.max(length, 1e-6);
        this.from = 0;
        this.to = this.length;
        this.listeners = [];
    }

    get span() { return this.to - this.from; }

    set(from, to) {
        const span = Math.min(this.length, Math.max(to - from, this.length / 1e6, 1e-5));
        this.from = Math.min(Math.max(0, from), this.length - span);
        this.to = this.from + span;
        for (const listener of this.listeners) listener();
    }
    all() { this.set(0, this.length); }
    pan(part) { this.set(this.from + this.span * part, this.to + this.span * part); }
    zoom(factor, at = (this.from + this.to) / 2) {
        this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
    }
    // Moves as little as brings `at` well into view.
    show(at) {
        if (at >= this.from && at <= this.to) return;
        this.set(at - this.span / 2, at + this.span / 2);
    }
    text() {
        const digits = digitsFor(this.span / 1000);
        return this.span >= this.length ? "whole run, " + seconds(this.length)
            : clock(this.from, Math.min(digits, 4)) + " to " + clock(this.to, Math.min(digits, 4));
    }
}

// The moment that was chosen, in a chart or in a log; null until one is.
class Moment {
    constructor() { Object.assign(this, {at: null, node: null, listeners: []}); }
    set(at, node) {
        if (at === null) return;
        this.at = at;
        this.node = node ?? null;
        for (const listener of this.listeners) listener();
    }
}

// Time axes say 15 s and 5 minutes, not 20 and 500 seconds.
const timeSteps = [...[-6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((n) => +(n * 10 ** power).toPrecision(1))),
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

function timeAxis() {
    return {
        stroke: () => theme.colour("muted"),
        font: theme.font(12),
        grid: {stroke: () => theme.colour("grid"), width: 1},
        ticks: {stroke: () => theme.colour("line"), width: 1, size: 5},
        space: 90,
        size: 34,
        incrs: timeSteps,
        values: (chart, splits, axis, space, step) => splits.map((value) => clock(value, digitsFor(step))),
    };
}

// Mouse, wheel and fingers: drag zooms in, shift-drag and a finger move, control-wheel and two fingers zoom.
function followPointers(chart, range) {
    const over = chart.over;
    const valueAt = (event) => chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
    over.addEventListener("wheel", (event) => {
        if (event.ctrlKey || event.metaKey) range.zoom(2 ** (event.deltaY / 300), valueAt(event));
        else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) range.pan(event.deltaX / over.clientWidth);
        else if (event.shiftKey) range.pan(event.deltaY / over.clientWidth);
        else return;
        event.preventDefault();
    }, {passive: false});
    const down = new Map();
    const spread = () => {
        const xs = [...down.values()];
        return xs.length < 2 ? 0 : Math.max(20, Math.abs(xs[0] - xs[1]));
    };
    over.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse" && !event.shiftKey) return;
        down.set(event.pointerId, event.clientX);
        over.setPointerCapture(event.pointerId);
    });
    over.addEventListener("pointermove", (event) => {
        if (!down.has(event.pointerId)) return;
        const moved = event.clientX - down.get(event.pointerId);
        const before = spread();
        down.set(event.pointerId, event.clientX);
        if (down.size > 1) range.zoom(before / spread(), valueAt(event));
        else range.pan(-moved / over.clientWidth);
    });
    for (const end of ["pointerup", "pointercancel"])
        over.addEventListener(end, (event) => down.delete(event.pointerId));
}

// What all charts of a run have in common.
function chartOptions(range, options) {
    return {
        ms: 1,
        legend: {show: false},
        select: {show: true},
        ...options,
        scales: {x: {time: false, min: range.from, max: range.to, auto: false}, ...options.scales},
        cursor: {
            y: false,
            points: {show: false},
            drag: {x: true, y: false, setScale: false, dist: 4},
            sync: {key: "run", setSeries: false, filters: {pub: (type) => type === "mousemove" || type === "mouseleave"}},
            bind: {
                mousedown: (chart, target, handler) => (event) => event.shiftKey ? null : handler(event),
                dblclick: () => () => range.all(),
            },
        },
        hooks: {
            ...options.hooks,
            setSelect: [(chart) => {
                const {left, width} = chart.select;
                if (width < 2) return;
                const from = chart.posToVal(left, "x"), to = chart.posToVal(left + width, "x");
                chart.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
                range.set(from, to);
            }],
        },
    };
}

// A chart that keeps in step with the range, the scheme and the width of its place. options(narrow) makes it:
// {options, data, about}; it is made anew when it can no longer be the same one.
class LiveChart {
    constructor(place, range, options) {
        Object.assign(this, {place, range, options, chart: null});
        this.narrow = matchMedia("(max-width: 640px)");
        this.narrow.addEventListener("change", () => this.build());
        theme.listeners.push(() => this.build());
        range.listeners.push(() => this.chart?.setScale("x", {min: range.from, max: range.to}));
        new ResizeObserver(() => requestAnimationFrame(() => this.fit())).observe(place);
    }

    fit() {
        if (!this.chart) this.build();
        else if (this.chart.width !== this.place.clientWidth)
            this.chart.setSize({width: this.place.clientWidth, height: this.chart.height});
    }

    build() {
        if (this.place.clientWidth === 0) return;
        this.chart?.destroy();
        const {options, data, about} = this.options(this.narrow.matches);
        this.chart = new uPlot(chartOptions(this.range, {width: this.place.clientWidth, ...options}), data, this.place);
        followPointers(this.chart, this.range);
        const canvas = this.chart.ctx.canvas;
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", about);
    }
}
