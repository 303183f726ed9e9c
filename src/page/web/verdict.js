// SPDX-License-Identifier: Apache-2.0
// The first thing to read: what became of the federation, in words.

const verdictLooks = {
    recovered: {mood: "good", sign: "✓"},
    undisturbed: {mood: "good", sign: "✓"},
    crashed: {mood: "bad", sign: "✕"},
    hung: {mood: "hung", sign: "‖"},
    left: {mood: "bad", sign: "↩"},
    "not-triggered": {mood: "plain", sign: "–"},
    error: {mood: "bad", sign: "!"},
};

// Whether the run did what was expected, if anything was; else the verdict.
function headline(verdict) {
    const word = String(verdict?.verdict ?? "no verdict");
    const judged = typeof verdict?.passed === "boolean";
    const look = judged ? verdictLooks[verdict.passed ? "recovered" : "crashed"] : verdictLooks[word] ?? {mood: "plain", sign: "?"};
    const text = judged ? String(verdict.headline) : word[0].toUpperCase() + word.slice(1).replace("-", " ");
    return el("h1." + look.mood, {}, el("span.sign", {"aria-hidden": "true"}, look.sign), text);
}

function expectations(verdict, names) {
    const expected = objects(verdict?.expected);
    return expected.length === 0 ? null : el("ul.expected", {"aria-label": "What was expected"}, expected.map((one) =>
        el("li." + (one.met ? "good" : "bad"), {}, el("span.sign", {"aria-hidden": "true"}, one.met ? "✓" : "✕"),
            `${reasonText(one.what, names)} ${one.met ? "Met." : "Not met: " + one.found + "."}`)));
}

function sentence(text) {
    const trimmed = String(text ?? "").trim();
    if (!trimmed) return "";
    return trimmed[0].toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}

// Node names keep their case at the beginning of a sentence.
const reasonText = (reason, names) => names.some((name) => String(reason).startsWith(name)) ?
    String(reason) + "." : sentence(reason);

// `why`: null, or the section that says why it hangs: who opens the page sees it before all else.
function verdictHeader(run, why) {
    const verdict = run.verdict;
    const names = run.nodes.map((node) => String(node.name));
    return [
        el("p.overline", {}, el("span", {}, run.title || "run"), " · ", run.about.begun ?
            el("time", {datetime: run.about.begun}, run.about.begun.replace("T", " ").replace(/\.\d+Z$/, " UTC")) : "netcut-fl"),
        headline(verdict),
        expectations(verdict, names),
        el("p.lead", {}, typeof verdict?.passed === "boolean" ? el("b", {}, `Verdict: ${verdict.verdict}. `) : null,
            verdict ? reasonText(verdict.reason, names) : "This run left no verdict.json that can be read: it has not ended, or netcut-fl was killed. Below is what its journal has."),
        why,
        verdict?.safety?.word === "but" ? el("p.lead.bad", {}, el("a", {href: "#model"}, "But the model is not right"), ": " +
            listed(objects(verdict.safety.findings).map((one) => one.text), 3) + ".") : null,
        run.faults.slice(0, 3).map((fault) => el("p", {}, faultStory(run, fault))),
        run.faults.length > 3 ? el("p", {}, el("a", {href: "#faults"}, `All ${run.faults.length} firings are in the table of faults.`)) : null,
        facts([
            ["Exit status", verdict ? String(verdict.exit_status ?? "–") : null],
            ["Time to recover", verdict && run.faults.length ? (isNumber(verdict.time_to_recover_s) ? seconds(verdict.time_to_recover_s) :
                "–") : null, run.faults.length && verdict?.time_to_recover_s == null ? (verdict?.noticed === false ? "nobody noticed" : "work did not go on") : ""],
            ["Packets lost", verdict && run.faults.length ? grouped(verdict.packets_lost) : null,
                verdict?.packets_queued ? grouped(verdict.packets_queued) + " made to wait" : ""],
            ["Nodes finished", verdict ? `${grouped(run.nodes.filter((node) => node.finished).length)} of ${grouped(run.nodes.length)}` : null],
            ["Rounds", verdict?.rounds ? grouped(verdict.rounds.count) : null, roundNote(verdict?.rounds)],
            ["Run", seconds(run.length), plural(run.nodes.length, "node")],
        ]),
    ];
}

const roundNote = (rounds) => !rounds || !isNumber(rounds.median_s) ? "" :
    `median ${seconds(rounds.median_s)}, longest ${seconds(rounds.longest_s)}` + (rounds.longest ? ` (round ${rounds.longest})` : "");

// "The fault “cut” (drop) hit collaborator4 at 1.885 s, for 3.001 s, when it had “...”. It lost 3 packets ..."
function faultStory(run, fault) {
    const nodes = objects(fault.nodes), names = listed(nodes.map((node) => node.node));
    const lost = nodes.map((node) => node.packets_lost).filter(Boolean);
    const sum = (key) => lost.reduce((total, one) => total + (one[key] ?? 0), 0);
    const waited = nodes.reduce((total, node) => total + (node.packets_queued?.total ?? 0), 0);
    const trigger = fault.trigger ?? {};
    const own = nodes.length === 1 && trigger.node === names;
    const parts = [`The fault “${fault.fault}” (${fault.kind}) hit `, el("b", {}, names || "no node"), ` at ${seconds(fault.fired_s)}, ` +
        (isNumber(fault.lasted_s) ? `for ${seconds(fault.lasted_s)}` : "and was never healed")];
    if (trigger.line && !trigger.node) parts.push(`, ${short(trigger.line)}`);
    const isPacket = run.nodes.some((node) => node.marks.some((mark) => mark.kind === "tripped" && mark.text === trigger.line));
    if (trigger.line && trigger.node && isPacket) parts.push(", when this packet passed: ", el("code", {}, short(trigger.line)));
    else if (trigger.line && trigger.node) parts.push(`, when ${own ? "it" : trigger.node} had `, el("q", {}, short(trigger.line)));
    parts.push(". ");
    if (fault.missed) parts.push(`That is later than asked for: ${missedText(fault.missed)}. `);
    if (lost.length) {
        const offered = fault.list ? fault.list.offered_up + fault.list.offered_down : 0;
        const total = sum("total");
        parts.push(offered ? `It lost ${grouped(total)} of ${plural(offered, "packet")}` : `It lost ${total ? plural(total, "packet") : "no packet"}`);
        if (total && lost.some((one) => isNumber(one.router_up)))
            parts.push(` (${grouped(sum("router_up"))} up, ${grouped(sum("router_down"))} down, ` +
                `${grouped(sum("unsendable_at_node"))} that the node could not send)`);
        parts.push(". ");
    }
    const rebound = sum("rebound_up") + sum("rebound_down");
    if (rebound) parts.push(`It gave ${plural(rebound, "packet")} another port. `);
    if (waited) parts.push(`It made ${plural(waited, "packet")} wait. `);
    const times = nodes.map((node) => node.time_to_recover_s);
    if (isNumber(fault.healed_s) && !nodes.every(isUntouched))
        parts.push(times.every(isNumber) ? `Work went on ${seconds(Math.max(...times))} after the heal.` :
            "After the heal work did not go on" + (nodes.length > 1 ? " on every node." : "."));
    return parts;
}

// No packet of it met the fault, and nothing of it was interrupted.
const isUntouched = (node) => !node.packets_lost?.total && !node.packets_queued?.total && objects(node.conversations).length === 0;

// A moment that is known too late is let go, and the next one is taken.
const missedText = (count) => count === 1 ? "a reply passed before it could be lost" :
    `${plural(count, "reply", "replies")} passed before they could be lost`;

function short(text, most = 140) {
    const line = String(text ?? "");
    return line.length > most ? line.slice(0, most) + "…" : line;
}
