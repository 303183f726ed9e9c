// SPDX-License-Identifier: Apache-2.0
// How phases look: each has a colour and a shape of its own, so that neither is needed to tell them apart.

const phaseLooks = {
    computing: {top: 0, height: 1},
    waiting: {top: 0.3, height: 0.4, hollow: true},
    sending: {top: 0, height: 0.5, lean: 1},       // the upper half: up, from the node
    receiving: {top: 0.5, height: 0.5, lean: -1},  // the lower half: down, to the node
    idle: {top: 0.46, height: 0.08},
    unknown: {top: 0.34, height: 0.32, lean: 1, sparse: true},
};
const phaseMeanings = {
    computing: "its processes use the processor, nothing is on the wire",
    waiting: "what it sent has arrived, nothing has come back",
    sending: "data goes up, or waits to be acknowledged",
    receiving: "data comes down",
    idle: "none of these",
    unknown: "could not be told",
};

class PhasePen {
    constructor(context, scale) {
        this.context = context;
        this.scale = scale;
        this.hatches = {};
    }

    draw(phase, x, y, width, height) {
        const look = phaseLooks[phase];
        if (!look) return;
        const pen = this.context;
        const colour = theme.colour("phase-" + phase);
        const top = y + height * look.top, tall = Math.max(height * look.height, this.scale);
        if (!look.sparse) {
            pen.fillStyle = look.hollow ? theme.colour("phase-waiting-inside") : colour;
            pen.fillRect(x, top, width, tall);
        }
        if (width < 3 * this.scale) {
            if (look.hollow || look.sparse) {
                pen.fillStyle = colour;
                pen.fillRect(x, top, width, tall);
            }
            return;
        }
        if (look.hollow) {
            pen.strokeStyle = colour;
            pen.lineWidth = this.scale;
            pen.strokeRect(x + this.scale / 2, top + this.scale / 2, width - this.scale, tall - this.scale);
        }
        if (look.lean) {
            this.hatches[phase] ??= hatch(pen, look.sparse ? colour : theme.colour("phase-hatch"), this.scale, look.lean,
                look.sparse ? 5 : 4);
            pen.fillStyle = this.hatches[phase];
            pen.fillRect(x, top, width, tall);
        }
    }
}

// A small picture of something that a chart shows, drawn by the same pen.
function swatch(paint) {
    const width = 26, height = 14, scale = 2;
    const canvas = el("canvas.swatch", {width: width * scale, height: height * scale, "aria-hidden": "true"});
    const draw = () => {
        const context = canvas.getContext("2d");
        context.clearRect(0, 0, canvas.width, canvas.height);
        paint(context, canvas.width, canvas.height, scale);
    };
    theme.listeners.push(draw);
    draw();
    return canvas;
}

// The phases of one node: seconds and numbers of names.
class Lane {
    constructor(numbers, tick) {
        const count = Math.floor(numbers.length / 3);
        this.from = new Float64Array(count);
        this.to = new Float64Array(count);
        this.phase = new Uint8Array(count);
        let at = 0;
        for (let i = 0; i < count; ++i) {
            at += numbers[3 * i];
            this.from[i] = at * tick;
            at += numbers[3 * i + 1];
            this.to[i] = at * tick;
            this.phase[i] = numbers[3 * i + 2];
        }
    }

    // The first phase that ends after `time`.
    after(time) {
        let low = 0, high = this.to.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.to[middle] > time) high = middle;
            else low = middle + 1;
        }
        return low;
    }
    at(time) {
        const i = this.after(time);
        return i < this.from.length && this.from[i] <= time ? i : -1;
    }

    // Calls draw(left, right, phase); of phases that share a pixel the one that takes most of it.
    eachRun(from, to, pixelOf, draw) {
        const shares = new Float64Array(6);
        let column = null;
        const flush = () => {
            if (column === null) return;
            draw(column, column + 1, shares.indexOf(Math.max(...shares)));
            shares.fill(0);
            column = null;
        };
        for (let i = this.after(from); i < this.from.length && this.from[i] < to; ++i) {
            const left = pixelOf(this.from[i]), right = pixelOf(this.to[i]);
            if (right - left >= 1) {
                flush();
                draw(left, right, this.phase[i]);
                continue;
            }
            if (column !== Math.floor(left)) flush();
            column = Math.floor(left);
            shares[this.phase[i]] += right - left;
        }
        flush();
    }
}
