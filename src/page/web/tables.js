// SPDX-License-Identifier: Apache-2.0
// Tables: on a narrow screen each row becomes a card (style.css), and a long one shows its beginning first.

const firstRows = matchMedia("(max-width: 640px)").matches ? 12 : 40;

// columns: [{name, cell: (row) => text or element, kind: "number" | "text" | "code"}], the first one heads its row.
function table(caption, columns, rows, rowClass = () => "") {
    const body = el("tbody");
    const fill = (from, to) => {
        for (const row of rows.slice(from, to)) {
            append(body, [el("tr", {class: rowClass(row) || null}, columns.map((column, i) =>
                el(i === 0 ? "th" : "td",
                    {"data-label": column.name, class: column.kind ?? null, scope: i === 0 ? "row" : null},
                    column.cell(row))))]);
        }
    };
    fill(0, firstRows);
    const head = el("thead", {}, el("tr", {}, columns.map((column) =>
        el("th", {scope: "col", class: column.kind ?? null}, column.name))));
    const frame = el("div.table", {}, el("table", {}, el("caption", {}, caption), head, body));
    if (rows.length <= firstRows) return frame;
    const rest = rows.length - firstRows;
    const more = el("button", {type: "button", onclick: () => {
        fill(firstRows, rows.length);
        more.remove();
        body.rows[firstRows].tabIndex = -1;
        body.rows[firstRows].focus();
    }}, "Show " + plural(rest, "more row"));
    return el("div", {}, frame, more);
}

// Facts beside their names.
function facts(pairs) {
    return el("dl.facts", {}, pairs.filter((pair) => pair && pair[1] !== null).map(([name, value, note]) =>
        el("div", {}, el("dt", {}, name), el("dd", {}, value, note ? el("small", {}, note) : null))));
}
