// SPDX-License-Identifier: Apache-2.0
// Elements, made of text alone: nothing that a node has written is ever read as markup.

// Control characters and those that turn the direction of writing are shown, not obeyed.
function visible(text) {
    return String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
        (c) => c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === "\u007f" ? "\u2421" : "\ufffd");
}

// el("p.lead", {id: "x", onclick: f}, "text", [more, elements], null)
function el(what, attributes, ...children) {
    const [tag, ...classes] = what.split(".");
    const element = document.createElement(tag);
    if (classes.length) element.className = classes.join(" ");
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    append(element, children);
    return element;
}

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        element.append(child instanceof Node ? child : visible(child));
    }
}

const svgSpace = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...children) {
    const element = document.createElementNS(svgSpace, tag);
    for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
    append(element, children);
    return element;
}

// A part of the page, with a heading that can be linked to. What cannot be drawn says so and harms no other part.
function section(id, heading, draw) {
    const part = el("section", {id, "aria-labelledby": id + "-heading"}, el("h2", {id: id + "-heading"}, heading));
    try {
        const content = draw();
        if (content === null) return null;
        append(part, [content]);
    } catch (error) {
        fail(error.message);
        append(part, [el("p.note", {}, "This part of the page could not be drawn: " + error.message)]);
    }
    return part;
}

function details(summary, draw, open = false) {
    const box = el("details", {}, el("summary", {}, summary));
    box.addEventListener("toggle", () => box.childElementCount === 1 && append(box, [draw()]), {once: true});
    box.open = open;
    return box;
}

function navigation(parts) {
    return el("nav", {"aria-label": "Parts of this page"}, el("ul", {}, parts.map((part) =>
        el("li", {}, el("a", {href: "#" + part.id}, part.querySelector("h2").textContent)))));
}
