// SPDX-License-Identifier: Apache-2.0
// What the nodes printed, beside the timeline: a moment that is chosen in one is shown in the other.

const rowsAtOnce = 300;  // more are made when one scrolls to the end of these

// The rows of one node: its lines, what happened to it, and where lines are left out.
function logRows(run, node) {
    const view = list(run.data.logs)[node.index];
    const lines = list(view?.lines).map(([number, us, stream, text]) => ({node, number, at: isNumber(us) ? us / 1e6 : null, stream, text}));
    const rows = [];
    let expected = 0;
    for (const line of lines) {
        if (line.number > expected) rows.push({node, at: line.at, left: line.number - expected});
        expected = line.number + 1;
        rows.push(line);
    }
    for (const mark of node.marks.filter((one) => one.kind === "trigger")) {
        const hit = lines.findLast((line) => line.at !== null && line.at <= mark.at + 1e-6 && line.text.startsWith(mark.text.slice(0, 200)));
        if (hit) hit.fires = true;
    }
    return rows;
}

// In the order of time; a row without one stays behind the row before it.
function mergedRows(run, nodes) {
    const chosen = new Set(nodes);
    const rows = nodes.flatMap((node) => {
        let at = 0;
        return logRows(run, node).map((row) => ({...row, order: at = Math.max(at, row.at ?? at)}));
    });
    for (const event of run.events)
        if (chosen.has(event.node)) rows.push({node: event.node, at: event.at, order: event.at, event: event.text});
    return rows.map((row, i) => ({row, i})).sort((a, b) => a.row.order - b.row.order || a.i - b.i).map((one) => one.row);
}

const logFile = (node, stream) => `logs/${encodeURIComponent(node.name)}.${stream}`;

function logSection(run, moment) {
    if (!list(run.data.logs).some((view) => list(view?.lines).length)) return null;
    const notable = run.nodes.filter(isNotable);
    const choice = el("select", {id: "log-node"},
        el("option", {value: "all"}, `all ${run.nodes.length} nodes`),
        run.nodes.length > 12 ? el("option", {value: "notable", selected: true}, `${notable.length}: aggregator, hit, failed or stopped`) : null,
        run.nodes.map((node) => el("option", {value: node.index}, node.name)));
    const search = el("input", {type: "search", id: "log-search", placeholder: "text in a line", autocomplete: "off"});
    const said = el("output.range", {"aria-live": "polite"});
    const files = el("p.note");
    const box = el("ol.loglines", {tabindex: 0, "aria-label": "Lines of the logs. Click a line to see its moment in the timeline. " +
        "With the keyboard: arrows, page up and down, home and end choose a line, Enter shows its moment, / is the search."});
    let rows = [], from = 0, to = 0, cursor = 0;

    const nodes = () => choice.value === "all" ? run.nodes : choice.value === "notable" ? notable :
        [run.nodes[Number(choice.value)]];
    function fill() {
        const wanted = search.value.trim().toLowerCase();
        const all = mergedRows(run, nodes());
        rows = wanted ? all.filter((row) => (row.text ?? row.event ?? "").toLowerCase().includes(wanted)) : all;
        const total = nodes().reduce((sum, node) => sum + (list(run.data.logs)[node.index]?.total ?? 0), 0);
        const shown = rows.filter((row) => row.text !== undefined).length;
        said.textContent = wanted ? `${plural(shown, "line")} with this text` : shown === total ? plural(total, "line") :
            `${grouped(shown)} of ${plural(total, "line")}`;
        files.replaceChildren();
        append(files, nodes().length === 1 ? ["Whole files: ", [...new Set(list(run.data.logs[nodes()[0].index]?.lines).map((line) => line[2]))]
            .map((stream, i) => [i ? ", " : "", el("a", {href: logFile(nodes()[0], stream)}, `logs/${nodes()[0].name}.${stream}`)])] :
            ["Whole files are in the folder ", el("a", {href: "logs/"}, "logs"), "."]);
        goTo(moment.at ?? run.bands[0]?.from ?? 0);
    }
    const many = () => nodes().length > 1;
    const make = (index) => logRow(rows[index], many(), () => moment.set(rows[index].at, rows[index].node));
    function render(first, last) {
        from = Math.max(0, first);
        to = Math.min(rows.length, last);
        box.replaceChildren(...Array.from({length: to - from}, (unused, i) => make(from + i)));
    }
    // The last row that is not later.
    function goTo(at) {
        let index = rows.findLastIndex((row) => row.order <= at + 1e-6);
        index = Math.max(0, index);
        render(index - rowsAtOnce / 2, index + rowsAtOnce / 2);
        const row = box.children[index - from];
        if (!row) return;
        cursor = index;
        if (moment.at !== null) row.classList.add("now");
        box.scrollTop = row.offsetTop - box.clientHeight / 2;  // the box is what it is placed in
    }
    // With the keyboard one chooses a line, and then its moment.
    function moveTo(index) {
        box.children[cursor - from]?.classList.remove("cursor");
        cursor = Math.max(0, Math.min(rows.length - 1, index));
        if (cursor < from || cursor >= to) render(cursor - rowsAtOnce / 2, cursor + rowsAtOnce / 2);
        const row = box.children[cursor - from];
        row?.classList.add("cursor");
        row?.scrollIntoView({block: "nearest"});
    }
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity};
    box.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.key in steps) moveTo(cursor + steps[event.key]);
        else if (event.key === "Enter" && isNumber(rows[cursor]?.at)) moment.set(rows[cursor].at, rows[cursor].node);
        else if (event.key === "/") search.focus();
        else return;
        event.preventDefault();
    });
    search.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        box.focus();
        moveTo(cursor);
    });
    box.addEventListener("scroll", () => {
        if (box.scrollTop < 200 && from > 0) {
            const before = box.scrollHeight, first = Math.max(0, from - rowsAtOnce);
            box.prepend(...Array.from({length: from - first}, (unused, i) => make(first + i)));
            from = first;
            box.scrollTop += box.scrollHeight - before;
        } else if (box.scrollHeight - box.scrollTop - box.clientHeight < 200 && to < rows.length) {
            const last = Math.min(rows.length, to + rowsAtOnce);
            box.append(...Array.from({length: last - to}, (unused, i) => make(to + i)));
            to = last;
        }
    });
    moment.listeners.push(() => {
        if (moment.node && !nodes().includes(moment.node)) choice.value = String(moment.node.index);
        fill();
    });
    choice.addEventListener("change", fill);
    search.addEventListener("input", fill);
    new ResizeObserver((entries, observer) => { observer.disconnect(); fill(); }).observe(box);
    fill();
    return [
        el("div.tools", {}, field("Log of", choice), field("Find", search), said),
        box, files,
    ];
}

function logRow(row, named, choose) {
    const time = el("span.t", {}, row.at === null ? "" : clock(row.at, 3));
    const name = named ? el("span.n", {}, row.node.name) : null;
    if (row.left) return el("li.left", {}, time, name, `${plural(row.left, "line")} not shown here`);
    if (row.event) return el("li.event", {onclick: choose}, time, el("span.x", {}, row.event));
    const li = el("li", {onclick: row.at === null ? null : choose}, time, name, el("span.x", {}, row.text || " "));
    if (row.stream === "err") li.classList.add("err");
    if (row.fires) {
        li.classList.add("hit");
        append(li, [el("span.sr", {}, " (this line fired a fault)")]);
    }
    return li;
}
