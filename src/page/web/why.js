// SPDX-License-Identifier: Apache-2.0
// Why a run hangs: the sentence, what shows it, what would help, and how certain that is.

function whySection(run) {
    const hang = run.verdict?.hang;
    if (!hang?.why) return null;
    const inTheWay = list(hang.in_the_way);
    const next = list(hang.next).filter((one) => one?.kind !== "wait-ends").map((one) => one?.says).filter((text) => typeof text === "string").slice(0, 8);
    const rows = (texts) => el("ul", {}, texts.map((text) => el("li", {}, String(text))));
    return [
        el("p.lead", {}, String(hang.why)),
        rows(list(hang.evidence)),
        list(hang.code).length ? [el("p", {}, el("b", {}, "In the code: ")), rows(list(hang.code))] : null,
        el("p", {}, el("b", {}, "What helps: "), String(hang.helps)),
        next.length ? [el("p", {}, el("b", {}, "What happens next by itself, if nobody answers:")), rows(next)] : null,
        hang.proof === "certain" ? el("p", {}, "That it hangs is certain: nothing in it could ever go on, so it was ended at once.") : [
            el("p.note", {}, hang.proof === "known"
                ? "That it hangs was not proved: it stayed in a state that the scenario names in known_hangs. What stood in the way of a proof:"
                : "That it hangs was not proved, it was waited for. What stood in the way:"), rows(inTheWay),
            isNumber(hang.more_in_the_way) ? el("p.note", {}, `And ${grouped(hang.more_in_the_way)} more.`) : null],
    ];
}
