// SPDX-License-Identifier: Apache-2.0
// The page of a comparison: what changed between two sets of results, and whether it is more than chance.

const changeLooks = {
    regression: {mood: "bad", sign: "✕"},
    improvement: {mood: "good", sign: "✓"},
    other: {mood: "hung", sign: "±"},
};

const changePercent = (ratio) => isNumber(ratio) ? (ratio >= 1 ? "+" : "−") + Math.abs(100 * (ratio - 1)).toFixed(0) + " %" : "–";
const probability = (p) => !isNumber(p) ? "–" : p < 0.0001 ? "< 0.0001" : String(+p.toPrecision(2));

// The interval of a ratio on a logarithmic line from a half to twice; what is beyond has no end there.
function ratioBar(one) {
    const [least, most] = list(one.ratio_interval);
    if (!isNumber(one.ratio) || !isNumber(least) || !isNumber(most)) return null;
    const width = 160, height = 18;
    const x = (ratio) => Math.min(width, Math.max(0, width / 2 * (1 + Math.log2(Math.max(ratio, 1e-9)))));
    return svg("svg", {class: "ratio", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${changePercent(one.ratio)}, ${changePercent(least)} to ${changePercent(most)}`},
        svg("line", {class: "rule", x1: width / 2, x2: width / 2, y1: 0, y2: height}),
        svg("line", {class: "interval", x1: x(least), x2: x(most), y1: height / 2, y2: height / 2}),
        svg("circle", {class: "middle", cx: x(one.ratio), cy: height / 2, r: 4}));
}

function sideText(one, side) {
    if (one.measure === "outcome") return outcomesText(side?.outcomes);
    return [shortNumber(side?.median), el("small", {}, plural(side?.runs ?? 0, "run"))];
}

function differencesTable(caption, differences) {
    return table(caption, [
        {name: "Cell", cell: (one) => one.cell},
        {name: "Measure", cell: (one) => one.measure},
        {name: "Before", cell: (one) => sideText(one, one.before)},
        {name: "Now", cell: (one) => sideText(one, one.now)},
        {name: "Change", kind: "number", cell: (one) => isNumber(one.ratio) ?
            [changePercent(one.ratio), el("small", {}, list(one.ratio_interval).map(changePercent).join(" to "))] : "–"},
        {name: "Half to twice", cell: (one) => ratioBar(one) ?? "–"},
        {name: "p", kind: "number", cell: (one) => [probability(one.corrected_p), el("small", {}, `alone ${probability(one.p)}`)]},
    ], differences, (one) => one.proved && one.kind === "regression" ? "failed" : "");
}

function comparisonPage(data) {
    const differences = objects(data.differences);
    const worst = data.regressions ? "regression" : data.other_changes ? "other" : data.improvements ? "improvement" : null;
    const look = worst ? changeLooks[worst] : {mood: "plain", sign: "="};
    const proved = (kind, caption) => {
        const found = differences.filter((one) => one.proved && one.kind === kind);
        return found.length ? differencesTable(caption, found) : null;
    };
    const suspected = differences.filter((one) => one.suspected);
    const rest = differences.filter((one) => !one.proved && !one.suspected);
    const side = (name, one) => [name, one?.title ?? "–", `${plural(one?.runs ?? 0, "run")} in ${plural(one?.cells ?? 0, "cell")}` +
        (one?.left_out ? `, ${grouped(one.left_out)} left out` : "")];
    const only = (names) => el("ul", {}, names.slice(0, 50).map((name) => el("li", {}, name)), names.length > 50 ? el("li", {}, `and ${names.length - 50} more`) : null);
    return {
        header: [
            overline("comparison", data.about),
            el("h1." + look.mood, {}, el("span.sign", {"aria-hidden": "true"}, look.sign), String(data.headline ?? "Comparison").replace(/^./, (c) => c.toUpperCase())),
            facts([side("Before", data.before), side("Now", data.now), ["Tests", grouped(data.tests), `${percent(data.confidence)} confidence for all together`]]),
        ],
        parts: [
            section("regressions", "Regressions", () => proved("regression", "Worse, and more than chance")),
            section("improvements", "Improvements", () => proved("improvement", "Better, and more than chance")),
            section("other", "Other changes", () => proved("other", "Changed, neither for the better nor for the worse")),
            section("suspected", "Not proved", () => suspected.length ? [
                el("p.note", {}, `These may have changed, but the runs do not prove it. ${plural(data.runs_to_prove, "run")} of a cell on each side would, if all of them ended otherwise.`),
                differencesTable("Worth more repeats", suspected)] : null),
            section("rest", "No more than chance", () => rest.length ? differencesTable("All else that was tested", rest) : null),
            section("only", "Cells of one side", () => list(data.only_before).length + list(data.only_now).length ? [
                list(data.only_before).length ? [el("p.caption", {}, "Only before"), only(data.only_before)] : null,
                list(data.only_now).length ? [el("p.caption", {}, "Only now"), only(data.only_now)] : null] : null),
            section("methods", "How it was tested", () => el("p.methods", {}, data.method ?? "")),
            commandSection(data.about),
        ],
    };
}
