// SPDX-License-Identifier: Apache-2.0
// Connections: what TCP did on each, as the kernel was seen to have it.

const mostLinkRows = 6;  // below a node
const endsInOrder = new Set(["FIN_WAIT2", "TIME_WAIT", "LAST_ACK", "CLOSING", "CLOSE"]);
const tries = new Set(["resent", "probed", "window-full"]);
const isClosing = (state) => state === "FIN_WAIT1" || endsInOrder.has(state);
const portOf = (end) => String(end).split(" ").pop();

// By node the connections of which it is an end, in the order of time.
function linksOf(run) {
    const ends = new Map(), byNode = new Map();
    for (const data of objects(run.data.connections)) {
        const node = run.nodes[data.node];
        if (!node) continue;
        const marks = list(data.marks).map(([us, kind, state, attempts, wait]) => ({at: us / 1e6, kind, state, attempts, wait: isNumber(wait) ? wait / 1e6 : null}));
        const link = {node, peer: run.nodes[data.peer] ?? null, local: data.local, remote: data.remote, from: data.from_us / 1e6,
            to: isNumber(data.to_us) ? data.to_us / 1e6 : null, state: String(data.state ?? ""), marks, deserted: null, closed: false, lost: false,
            ...countsOf(data)};
        byNode.set(node, [...(byNode.get(node) ?? []), link]);
        const key = link.local + " " + link.remote;
        ends.set(key, [...(ends.get(key) ?? []), link]);
    }
    const halfOpen = new Set(objects(run.data.sockets?.half_open).map((half) => [half.node, half.local, half.remote].join(" ")));
    for (const links of byNode.values()) for (const link of links) compareEnds(run, link, ends.get(link.remote + " " + link.local) ?? [],
        halfOpen.has([link.node.name, link.local, link.remote].join(" ")));
    return byNode;
}

const countsOf = (data) => ({resent: data.resent ?? 0, probes: data.probes ?? 0, full: data.full ?? 0,
    longest: isNumber(data.longest_wait_us) ? data.longest_wait_us / 1e6 : null, leftOut: data.left_out ?? 0});

// Whether it was closed in order, as either end was seen to do; whether it went while TCP tried in vain; and from when on the
// other end was gone, though this one held on to it for longer than a closing takes.
function compareEnds(run, link, others, isHalfOpen) {
    const end = link.to ?? run.length;
    const other = others.findLast((one) => one.from <= end && (one.to ?? run.length) >= link.from);
    const closes = (one) => one.to !== null && endsInOrder.has(one.state);
    link.closed = closes(link) || (link.to !== null && other !== undefined && closes(other));
    // A first try may be no more than a probe of the tail.
    const last = link.marks.findLast((mark) => mark.kind !== "gone" && mark.kind !== "state");
    link.lost = link.to !== null && !link.closed && tries.has(last?.kind) && last.attempts > 1;
    if (other && other.to !== null && end - other.to > 0.5 && !isClosing(link.state)) link.deserted = other.to;
    // Nobody saw the other end go: at the latest when the last fault began.
    if (isHalfOpen && link.to === null) link.deserted ??= Math.max(link.from, ...link.node.bands.map((band) => band.from), ...(link.peer?.bands ?? []).map((band) => band.from));
}

// Connections to one peer share a row where they follow each other.
function linkRows(node, links) {
    const rows = [];
    for (const link of links) {
        const free = rows.find((row) => row.peer === link.peer && (row.peer || row.links[0].remote === link.remote) && row.end <= link.from);
        if (free) {
            free.links.push(link);
            free.end = link.to ?? Infinity;
        } else rows.push({kind: "links", node, peer: link.peer, links: [link], end: link.to ?? Infinity});
    }
    const shown = rows.slice(0, mostLinkRows);
    for (const row of shown) row.name = rowName(row);
    if (rows.length > shown.length) shown[shown.length - 1].name += `, ${rows.length - shown.length} more in the table`;
    return shown;
}

function rowName({peer, links}) {
    const same = (end) => new Set(links.map((link) => portOf(link[end]))).size === 1 ? portOf(links[0][end]) : null;
    const who = peer ? peer.name : links[0].remote;
    // A port that is the same of all is the service's.
    return `↳ ${who}` + (!peer ? "" : links.length === 1 ? ` :${portOf(links[0].local)}–${portOf(links[0].remote)}` : same("remote") ? ` :${same("remote")}` : "");
}

const linkMarkTexts = {
    opened: (mark) => mark.state === "ESTABLISHED" ? "opened" : `opening (${mark.state})`,
    state: (mark) => ({CLOSE_WAIT: "the other end's FIN has come", FIN_WAIT1: "FIN is sent", LAST_ACK: "FIN is sent", CLOSING: "both ends have sent FIN"})[mark.state] ?? mark.state,
    resent: (mark) => "sent again" + (mark.attempts ? `, ${ordinal(mark.attempts)} time` : "") + (mark.wait ? `, the next wait is ${seconds(mark.wait)}` : ""),
    probed: (mark) => `keepalive probe ${mark.attempts} without an answer`,
    "window-full": (mark) => mark.attempts ? `no room at the other end, asked ${plural(mark.attempts, "time")}` : "no room at the other end",
    answered: () => "answered",
    gone: (mark) => endsInOrder.has(mark.state) ? "closed" : `gone (last seen ${mark.state})`,
};
const linkMarkText = (mark) => (linkMarkTexts[mark.kind] ?? (() => String(mark.kind)))(mark);

function ordinal(n) {
    const ending = n % 100 > 10 && n % 100 < 14 ? "th" : {1: "st", 2: "nd", 3: "rd"}[n % 10] ?? "th";
    return grouped(n) + ending;
}

const linkEnd = (link) => link.to === null ? (link.deserted === null ? "still there" : "still there, the other end is gone") :
    link.closed ? "closed" : link.lost ? "reset, or given up by TCP" : `gone (last seen ${link.state})`;

// What a link was doing at `time`, for who points at it.
function describeLink(link, time) {
    const before = link.marks.filter((mark) => mark.at <= time);
    const deserted = link.deserted !== null && time >= link.deserted ? `, the other end is gone` : "";
    return `${link.local} to ${link.remote}: ` + (before.length ? `${linkMarkText(before[before.length - 1])} at ${clock(before[before.length - 1].at, 3)}` : "open") + deserted;
}

// --- drawing ---

class LinkPen {
    constructor(pen, scale) { Object.assign(this, {pen, scale, font: theme.font(10 * scale)}); }

    // A line while it is there; thin while it opens or closes, dashed where the other end is gone.
    draw(run, link, x, left, right, middle, tall) {
        const {pen, scale} = this;
        const clamp = (time) => Math.min(right, Math.max(left, x(time)));
        const end = link.to ?? run.length;
        let from = link.from, state = link.marks[0]?.state ?? "ESTABLISHED";
        for (const mark of [...link.marks.filter((one) => one.kind === "state"), {at: end, state: ""}]) {
            this.line(clamp(from), clamp(link.deserted === null ? mark.at : Math.min(mark.at, link.deserted)), middle, state);
            from = Math.max(from, mark.at);
            state = mark.state;
        }
        this.troubles(link, clamp, end, middle, tall);
        if (link.deserted !== null) {
            pen.fillStyle = theme.colour("bad");
            for (let at = clamp(link.deserted); at < clamp(end); at += 8 * scale)
                pen.fillRect(at, middle - 1.5 * scale, Math.min(5 * scale, clamp(end) - at), 3 * scale);
        }
        this.marks(run, link, x, left, right, middle, tall);
    }

    line(from, to, middle, state) {
        if (to <= from) return;
        const thick = (state === "ESTABLISHED" ? 3 : 1) * this.scale;
        this.pen.fillStyle = theme.colour("muted");
        this.pen.fillRect(from, middle - thick / 2, to - from, thick);
    }

    // From the first time that TCP sends again, asks or probes until it is answered.
    troubles(link, clamp, end, middle, tall) {
        const {pen, scale} = this;
        let begun = null;
        const close = (at) => {
            if (begun === null) return;
            const from = clamp(begun.at), width = Math.max(scale, clamp(at) - from);
            pen.fillStyle = theme.colour(begun.kind === "window-full" ? "phase-waiting-inside" : begun.kind === "probed" ? "lane" : "trouble");
            pen.fillRect(from, middle - tall / 2, width, tall);
            pen.fillStyle = theme.colour("muted");
            pen.fillRect(from, middle - scale / 2, width, scale);
            begun = null;
        };
        for (const mark of link.marks) {
            if (tries.has(mark.kind)) begun ??= mark;
            else if (mark.kind === "answered" || mark.kind === "gone") close(mark.at);
        }
        close(end);
    }

    marks(run, link, x, left, right, middle, tall) {
        const {pen, scale} = this;
        link.marks.forEach((mark, i) => {
            const at = x(mark.at), next = Math.min(right, i + 1 < link.marks.length ? x(link.marks[i + 1].at) : right);
            if (at < left || at > right) return;
            const look = linkLooks[mark.kind === "state" ? mark.state : mark.kind];
            if (!look) return;
            pen.fillStyle = theme.colour(look.colour);
            if (mark.kind === "gone" && link.lost) {
                drawGlyph(pen, "failed", at, middle, 3 * scale);
                return;
            }
            pen.fillRect(at - scale / 2, middle - tall / 2, 1.5 * scale, tall);
            const text = look.text(mark);
            pen.font = this.font;
            pen.textAlign = "left";
            pen.textBaseline = "middle";
            if (text && at + 4 * scale + pen.measureText(text).width <= next) pen.fillText(text, at + 3 * scale, middle);
        });
    }
}

const linkLooks = {
    opened: {colour: "muted", text: () => ""},
    resent: {colour: "bad", text: (mark) => mark.attempts ? String(mark.attempts) : ""},
    probed: {colour: "accent", text: (mark) => String(mark.attempts)},
    "window-full": {colour: "hung", text: (mark) => mark.attempts ? String(mark.attempts) : "full"},
    answered: {colour: "good", text: () => ""},
    gone: {colour: "muted", text: () => ""},
    CLOSE_WAIT: {colour: "muted", text: () => "FIN ←"},
    FIN_WAIT1: {colour: "muted", text: () => "FIN →"},
    LAST_ACK: {colour: "muted", text: () => "FIN →"},
    CLOSING: {colour: "muted", text: () => "FIN"},
};

function linkLegend(run) {
    const used = new Set([...run.links.values()].flat().flatMap((link) => link.marks.map((mark) => mark.kind)));
    const entry = (paint, text) => el("li", {}, swatch(paint), text);
    const bar = (colour, mark) => (pen, width, height, scale) => {
        pen.fillStyle = theme.colour(colour);
        pen.fillRect(0, 0, width, height);
        pen.fillStyle = theme.colour(mark);
        pen.fillRect(width * 0.25, 0, 1.5 * scale, height);
    };
    const deserted = [...run.links.values()].flat().some((link) => link.deserted !== null);
    return [
        entry((pen, width, height, scale) => new LinkPen(pen, scale).line(0, width, height / 2, "ESTABLISHED"), "connection"),
        used.has("resent") ? entry(bar("trouble", "bad"), "sent again, n-th time") : null,
        used.has("window-full") ? entry(bar("phase-waiting-inside", "hung"), "no room at the other end") : null,
        used.has("probed") ? entry(bar("lane", "accent"), "keepalive probe without an answer") : null,
        used.has("answered") ? entry(bar("ground", "good"), "answered") : null,
        deserted ? entry((pen, width, height, scale) => {
            pen.fillStyle = theme.colour("bad");
            for (let at = 0; at < width; at += 8 * scale) pen.fillRect(at, height / 2 - 1.5 * scale, 5 * scale, 3 * scale);
        }, "the other end is gone") : null,
    ];
}

// --- the table ---

function linkTable(run) {
    const links = [...run.links.values()].flat();
    if (!links.length) return null;
    const rank = (link) => (link.deserted !== null ? 4 : 0) + (link.lost ? 2 : 0) + (link.resent > 1 || link.probes + link.full > 0 ? 1 : 0);
    const number = (key) => (link) => link[key] ? grouped(link[key]) : "–";
    return table("Connections as the kernel was seen to have them", [
        {name: "Node", kind: "end", cell: (link) => [link.node.name, el("small", {}, el("code", {}, link.local))]},
        {name: "To", kind: "end", cell: (link) => [link.peer?.name, el("small", {}, el("code", {}, link.remote))]},
        {name: "Opened", kind: "number", cell: (link) => clock(link.from, 3)},
        {name: "Ended", kind: "number", cell: (link) => link.to === null ? "–" : clock(link.to, 3)},
        {name: "How", cell: (link) => rank(link) >= 2 ? el("strong.bad", {}, linkEnd(link)) : linkEnd(link)},
        {name: "Sent again", kind: "number", cell: number("resent")},
        {name: "Longest wait", kind: "number", cell: (link) => link.longest === null ? "–" : seconds(link.longest)},
        {name: "Window full", kind: "number", cell: number("full")},
        {name: "Probes", kind: "number", cell: number("probes")},
    ], [...links].sort((a, b) => rank(b) - rank(a) || a.from - b.from), (link) => link.deserted !== null ? "half-open" : "");
}
