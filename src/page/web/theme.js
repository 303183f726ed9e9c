// SPDX-License-Identifier: Apache-2.0
// Colours are named in style.css; what is drawn on a canvas asks here, and is drawn anew when the scheme changes.

const theme = {
    listeners: [],
    known: new Map(),
    colour(name) {
        if (!this.known.has(name))
            this.known.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
        return this.known.get(name);
    },
    font(size, weight = "") { return `${weight} ${size}px system-ui, sans-serif`.trim(); },
    changed() {
        this.known.clear();
        for (const listener of this.listeners) listener();
    },
    watch() {
        for (const query of ["(prefers-color-scheme: dark)", "print"])
            matchMedia(query).addEventListener("change", () => this.changed());
    },
};

// Diagonal lines, `lean` 1 for / and -1 for \, that say the same as a colour to those who do not see it.
function hatch(context, colour, scale, lean = 1, gap = 6) {
    const size = Math.round(gap * scale);
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2 * scale;
    for (const shift of [-size, 0, size]) {
        pen.beginPath();
        pen.moveTo(shift, lean > 0 ? size : 0);
        pen.lineTo(shift + size, lean > 0 ? 0 : size);
        pen.stroke();
    }
    return context.createPattern(tile, "repeat");
}
