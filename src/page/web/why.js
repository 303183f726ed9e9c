// SPDX-License-Identifier: Apache-2.0
// Why a run hangs: first the sentence, the line of the program and what would help; then what shows that, and
// how certain it is.

const mostCodeFirst = 2;

const bulleted = (texts) => el("ul", {}, texts.map((text) => el("li", {}, String(text))));

function whySection(run) {
    const hang = run.verdict?.hang;
    if (!hang?.why) return null;
    const code = list(hang.code).slice(0, mostCodeFirst);
    return [
        el("p.lead", {}, String(hang.why)),
        code.length ? [el("p", {}, el("b", {}, "In the code:")), bulleted(code)] : null,
        el("p", {}, el("b", {}, "What helps: "), String(hang.helps)),
    ];
}

function evidenceSection(run) {
    const hang = run.verdict?.hang;
    if (!hang?.why) return null;
    const moreCode = list(hang.code).slice(mostCodeFirst);
    const next = list(hang.next).filter((one) => one?.kind !== "wait-ends").map((one) => one?.says).filter((text) => typeof text === "string").slice(0, 8);
    return [
        bulleted(list(hang.evidence)),
        moreCode.length ? [el("p", {}, el("b", {}, "Elsewhere in the code:")), bulleted(moreCode)] : null,
        next.length ? [el("p", {}, el("b", {}, "What happens next by itself, if nobody answers:")), bulleted(next)] : null,
        hang.proof === "certain" ? el("p", {}, "That it hangs is certain: nothing in it could ever go on, so it was ended at once.") : [
            el("p.note", {}, hang.proof === "known"
                ? "That it hangs was not proved: it stayed in a state that the scenario names in known_hangs. What stood in the way of a proof:"
                : "That it hangs was not proved, it was waited for. What stood in the way:"), bulleted(list(hang.in_the_way)),
            isNumber(hang.more_in_the_way) ? el("p.note", {}, `And ${grouped(hang.more_in_the_way)} more.`) : null],
    ];
}
