// SPDX-License-Identifier: Apache-2.0
// The node's log around each line that fired a fault.

function logExcerpt(excerpt) {
    const lines = [...list(excerpt.before), excerpt.line, ...list(excerpt.after)];
    const hit = list(excerpt.before).length;
    const where = excerpt.stream ? `logs/${excerpt.node}.${excerpt.stream}` : "the journal; the log has no such line any more";
    return el("figure.log", {},
        el("figcaption", {}, el("strong", {}, excerpt.node), ` at ${atSecond(excerpt.us)}, firing ${excerpt.fault}`,
            el("small", {}, `from ${where}`)),
        el("ol", {}, lines.map((line, i) => i === hit ?
            el("li.hit", {}, el("mark", {}, line), el("span.sr", {}, " (this line fired the fault)")) : el("li", {}, line))));
}

function logSection(run) {
    const logs = objects(run.data.logs);
    if (!logs.length) return null;
    const first = logs.slice(0, 3).map(logExcerpt);
    return logs.length > 3 ? [first, details(plural(logs.length - 3, "more line") + " that fired a fault",
        () => logs.slice(3).map(logExcerpt))] : first;
}
