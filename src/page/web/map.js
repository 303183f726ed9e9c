// SPDX-License-Identifier: Apache-2.0
// The resilience map: for each phase and kind of cut the longest outage that was survived, and the shortest that was not.

function mapCellText(cell) {
    const unnoticed = isNumber(cell.unnoticed_s) && !(cell.unnoticed_s <= cell.survived_s);
    const survived = isNumber(cell.survived_s), fatal = isNumber(cell.fatal_s);
    const parts = [];
    if (unnoticed) parts.push(`${seconds(cell.unnoticed_s)} not noticed`);
    if (survived) parts.push(`survived ${seconds(cell.survived_s)}`);
    if (fatal) parts.push(`fatal from ${seconds(cell.fatal_s)} on`);
    if (parts.length === 0) return cell.trouble ?? "not known";
    if (!fatal) parts.push("the longest tried");
    if (fatal && !survived && !unnoticed) parts.push("the shortest tried");
    return parts.join(", ");
}

// A bar from 0 to the limit: survived, not known, fatal; each has a pattern too.
function mapBar(cell, limit) {
    const width = 200, height = 22;
    const x = (value) => Math.max(0, Math.min(width, value / limit * width));
    const survived = isNumber(cell.survived_s) ? x(cell.survived_s) : 0;
    const fatal = isNumber(cell.fatal_s) ? x(cell.fatal_s) : width;
    const part = (kind, from, to) => to > from ? svg("rect", {class: kind, x: from, y: 0, width: to - from, height}) : null;
    return svg("svg", {class: "bar", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": mapCellText(cell)},
        part("unknown", 0, width), part("survived", 0, survived), isNumber(cell.fatal_s) ? part("fatal", fatal, width) : null,
        isNumber(cell.fatal_s) ? svg("line", {class: "edge", x1: fatal, x2: fatal, y1: 0, y2: height}) : null);
}

function mapCell(kind, cell, limit) {
    if (!cell) return el("td.empty", {"data-label": kind}, "–");
    const words = isNumber(cell.fatal_s) ?
        [isNumber(cell.survived_s) ? `${seconds(cell.survived_s)} ✓` : "none ✓", " · ", `${seconds(cell.fatal_s)} ✕`] :
        [isNumber(cell.survived_s) ? `${seconds(cell.survived_s)} ✓` : "not known"];
    if (isNumber(cell.unnoticed_s) && !(cell.unnoticed_s < cell.survived_s)) words.push(` · ${seconds(cell.unnoticed_s)} not noticed`);
    if (cell.mixed) words.push(" · repeats differ");
    if (cell.trouble) words.push(" · ", cell.trouble);
    const tries = list(cell.tries).map((one) => ({...one, at: one.for_s}));
    return el("td", {"data-label": kind}, mapBar(cell, limit), runDots(tries, limit, "outages that were tried"), el("div.detail", {title: mapCellText(cell)}, words));
}

function mapPage(data) {
    const rows = list(data.rows);
    const cells = rows.flatMap((row) => list(row.cells));
    const kinds = [...new Set(cells.map((cell) => String(cell.kind)))];
    const limit = Math.max(1e-3, ...cells.map((cell) => cell.limit_s ?? cell.fatal_s ?? cell.survived_s ?? 0));
    const fatal = cells.filter((cell) => isNumber(cell.fatal_s)).sort((a, b) => a.fatal_s - b.fatal_s)[0];
    const where = fatal && rows.find((row) => list(row.cells).includes(fatal));
    const picture = () => [
        el("ul.key", {}, el("li", {}, el("span.box.survived"), "survived"), el("li", {}, el("span.box.unknown"), "between: not known"),
            el("li", {}, el("span.box.fatal"), "fatal"), el("li", {}, `each bar is 0 to ${seconds(limit)} of outage; the signs below it are the runs`)),
        el("div.table", {}, el("table.map", {},
            el("caption", {}, "Phases by kind of cut"),
            el("thead", {}, el("tr", {}, el("th", {scope: "col"}, "Phase"), kinds.map((kind) => el("th", {scope: "col"}, kind)))),
            el("tbody", {}, rows.map((row) => el("tr", {}, el("th", {scope: "row"}, row.phase ?? "", row.what ? el("small", {}, row.what) : null),
                kinds.map((kind) => mapCell(kind, list(row.cells).find((cell) => String(cell.kind) === kind), limit))))))),
    ];
    const numbers = () => table("The same as numbers", [
        {name: "Phase", cell: ({row}) => row.phase ?? ""},
        {name: "Kind", cell: ({cell}) => cell.kind ?? ""},
        {name: "Longest not noticed", kind: "number", cell: ({cell}) => seconds(cell.unnoticed_s)},
        {name: "Longest survived", kind: "number", cell: ({cell}) => seconds(cell.survived_s)},
        {name: "Shortest fatal", kind: "number", cell: ({cell}) => seconds(cell.fatal_s)},
        {name: "Tried up to", kind: "number", cell: ({cell}) => seconds(cell.limit_s)},
        {name: "Runs", kind: "number", cell: ({cell}) => grouped(cell.runs)},
    ], rows.flatMap((row) => list(row.cells).map((cell) => ({row, cell}))));
    return {
        header: [
            overline("resilience map", data.about),
            el("h1", {}, data.title ?? "Resilience map"),
            el("p.lead", {}, fatal ? `The shortest outage that was not survived: ${seconds(fatal.fatal_s)} of ${fatal.kind} while ${where.phase}.` :
                cells.some((cell) => isNumber(cell.unnoticed_s)) ? "No outage that was tried was fatal; some of them met no packet." :
                    "Every outage that was tried was survived."),
        ],
        parts: [section("map", "Map", picture), section("numbers", "Numbers", numbers), commandSection(data.about)],
    };
}
