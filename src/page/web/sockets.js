// SPDX-License-Identifier: Apache-2.0
// The TCP sockets of nodes at each cut, at each heal and at the end. One that the other end has no trace of stands out.

function socketSection(run) {
    const {at_faults: atFaults = [], at_end: atEnd = [], half_open: halfOpen = []} = run.data.sockets ?? {};
    const judged = objects(run.verdict?.half_open);
    const unset = objects(run.verdict?.tcp?.failures);
    if (!atFaults.length && !atEnd.length && !halfOpen.length && !judged.length && !run.links.size && !unset.length)
        return null;
    const ends = new Set(halfOpen.map((half) => [half.node, half.local, half.remote].join(" ")));
    const isHalf = (socket) => socket.moment === "end" && ends.has([socket.node, socket.local, socket.remote].join(" "));
    const byMoment = new Map();
    for (const socket of atFaults) {
        const key = momentName(run, socket);
        byMoment.set(key, [...(byMoment.get(key) ?? []), socket]);
    }
    const tables = [...byMoment].map(([name, sockets]) => socketTable(name, sockets, isHalf));
    return [
        judged.length ? el("div.alarm", {}, el("p", {}, el("strong", {}, plural(judged.length, "half-open connection")),
            ": one end holds it to be alive, and the other, or its own address, is gone. A program that waits on it waits for ever."),
            el("ul", {}, judged.slice(0, 12).map((half) => el("li", {}, `${half.node} → ${half.peer}: ${half.local} to ${half.remote}, ` +
                `${half.state}, nothing received for ${milliseconds(half.ms_since_received)}${half.address_gone ? ", its own address is gone" : ""}`)))) : null,
        linkTable(run),
        unset.length ? el("div.alarm", {}, el("p", {}, el("strong", {}, plural(run.verdict.tcp.not_set, "socket")),
            " did not get the options that the scenario asks for (tcp:):"),
            el("ul", {}, unset.map((one) => el("li", {}, `${one.node} ${one.socket}: ${one.why}`)))) : null,
        tables.length > 2 ? [tables.slice(0, 2), details(plural(tables.length - 2, "more moment"), () => tables.slice(2))] : tables,
        atEnd.length ? socketTable("At the end of the run", [...atEnd].sort((a, b) => isHalf(b) - isHalf(a)), isHalf) :
            el("p.note", {}, "At the end no sockets were left, or none were looked at."),
    ];
}

// Sockets are read a moment after the fault fires or heals.
function momentName(run, socket) {
    const at = socket.us / 1e6;
    let near = null;
    for (const band of run.bands) {
        const when = socket.moment === "cut" ? band.from : band.to;
        if (when !== null && when <= at && (!near || when >= near.when)) near = {when, band};
    }
    const moment = socket.moment === "cut" ? "When the fault began" : socket.moment === "heal" ? "When it was healed" : socket.moment;
    return near ? `${moment} (${near.band.label}, ${clock(near.when, 3)})` : moment;
}

// Sockets that wait out their closing have no program behind them: they are counted, and listed on demand.
function socketTable(caption, sockets, isHalf) {
    const closed = sockets.filter((socket) => socket.state === "TIME_WAIT");
    const open = sockets.filter((socket) => socket.state !== "TIME_WAIT");
    if (!closed.length) return socketRows(caption, open, isHalf);
    return [
        open.length ? socketRows(caption, open, isHalf) : el("p.caption", {}, caption + ": no open connection."),
        details(plural(closed.length, "closed connection") + " in TIME_WAIT", () => socketRows(caption + ", closed", closed, isHalf)),
    ];
}

function socketRows(caption, sockets, isHalf) {
    return table(caption, [
        {name: "Node", cell: (socket) => socket.node},
        {name: "Local", kind: "code", cell: (socket) => socket.local},
        {name: "Remote", kind: "code", cell: (socket) => socket.remote},
        {name: "State", cell: (socket) => isHalf(socket) ? el("strong.bad", {}, `${socket.state}, half open`) : socket.state},
        {name: "Not acknowledged", kind: "number", cell: (socket) => bytes(socket.unacknowledged_bytes)},
        {name: "Not read", kind: "number", cell: (socket) => bytes(socket.unread_bytes)},
        {name: "Retransmits", kind: "number", cell: (socket) => grouped(socket.retransmits)},
        {name: "Last received", kind: "number", cell: (socket) => socket.ms_since_received > socket.us / 1000 ? "never" : milliseconds(socket.ms_since_received) + " ago"},
    ], sockets, (socket) => isHalf(socket) ? "half-open" : "");
}
