// SPDX-License-Identifier: Apache-2.0
// Why a run hangs: the sentence, what shows it, what would help, and how certain that is.

function whySection(run) {
    const hang = run.verdict?.hang;
    if (!hang?.why) return null;
    const inTheWay = list(hang.in_the_way);
    const rows = (texts) => el("ul", {}, texts.map((text) => el("li", {}, String(text))));
    return [
        el("p.lead", {}, String(hang.why)),
        rows(list(hang.evidence)),
        el("p", {}, el("b", {}, "What helps: "), String(hang.helps)),
        hang.proof === "certain" ? el("p", {}, "That it hangs is certain: nothing in it could ever go on, so it was ended at once.") : [
            el("p.note", {}, "That it hangs was not proved, it was waited for. What stood in the way:"), rows(inTheWay),
            isNumber(hang.more_in_the_way) ? el("p.note", {}, `And ${grouped(hang.more_in_the_way)} more.`) : null],
    ];
}
