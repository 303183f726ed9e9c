// SPDX-License-Identifier: Apache-2.0
// The page of a study: what each combination of factors came to, with how sure that is.

const failedShare = "share that failed";
const seriesColours = ["phase-computing", "phase-sending", "phase-receiving", "fault", "phase-waiting", "accent", "ink", "phase-idle"];
const seriesDashes = ["", "7 4", "2 3", "9 3 2 3", "4 2", "1 4", "12 4", "5 5"];

const percent = (share) => isNumber(share) ? (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0) + " %" : "–";

// As few digits as tell numbers apart.
function shortNumber(value) {
    if (!isNumber(value)) return "–";
    const size = Math.abs(value);
    if (size >= 1e9) return +(value / 1e9).toPrecision(3) + " G";
    if (size >= 1e5) return (value / 1e6).toPrecision(3).replace(/\.?0+$/, "") + " M";
    return size !== 0 && size < 1e-3 ? value.toExponential(1) : String(+value.toPrecision(3));
}

class Study {
    constructor(data) {
        this.factors = objects(data.factors).map((factor, index) => ({...factor, index, levels: list(factor.levels).map(String),
            numbers: Array.isArray(factor.numbers) ? factor.numbers : null}));
        this.measures = objects(data.measures);
        this.cells = objects(data.cells).map((cell) => ({...cell, at: list(cell.at)}));
        this.byPlace = new Map(this.cells.map((cell) => [cell.at.join(","), cell]));
        this.judged = this.cells.some((cell) => cell.share);
        this.following = new Map(this.factors.flatMap((factor) => {
            const first = this.factors.find((other) => other.index < factor.index && this.areTogether(other, factor));
            return first ? [[factor.index, {first, levels: this.levelsWith(first, factor)}]] : [];
        }));
    }
    // Which level of `factor` cells have that have a level of `first`; null: they have several.
    levelsWith(first, factor) {
        const levels = new Map();
        for (const {at} of this.cells) {
            const [from, to] = [at[first.index], at[factor.index]];
            levels.set(from, levels.has(from) && levels.get(from) !== to ? null : to);
        }
        return levels;
    }
    // Such factors are one: the first stands for both where cells are put in places.
    areTogether(first, factor) {
        const isOne = (levels) => levels.size > 1 && ![...levels.values()].includes(null);
        return isOne(this.levelsWith(first, factor)) && isOne(this.levelsWith(factor, first));
    }
    levelOf(cell, factor) { return factor.levels[cell.at[factor.index]] ?? "–"; }
    name(cell) { return this.factors.map((factor) => `${factor.name}=${this.levelOf(cell, factor)}`).join(", ") || "all runs"; }
    place(at) {
        return at.map((level, index) => {
            const {first, levels} = this.following.get(index) ?? {};
            return first ? levels.get(at[first.index]) : level;
        }).join(",");
    }
    cellAt(at) { return this.byPlace.get(this.place(at)); }
    // {value, least, most, runs, points}, or null.
    valueOf(cell, measure) {
        if (measure === failedShare)
            return cell?.share ? {value: cell.share.failed / cell.share.of, least: cell.share.interval[0], most: cell.share.interval[1],
                runs: cell.share.of, points: []} : null;
        const number = cell?.numbers?.[measure];
        return number ? {value: number.median, least: number.interval[0], most: number.interval[1], runs: number.runs, points: list(number.points)} : null;
    }
    text(value, measure) { return measure === failedShare ? percent(value) : shortNumber(value); }
    meaning(measure) {
        if (measure === failedShare) return "Share of runs that crashed, hung, left or made a wrong model, of those that were hit";
        return (this.measures.find((one) => one.name === measure)?.meaning ?? measure) + ": the median";
    }
    // Factors with several levels, those that are numbers first, then by how many.
    get varied() {
        return this.factors.filter((factor) => factor.levels.length > 1 && !this.following.has(factor.index))
            .sort((a, b) => Boolean(b.numbers) - Boolean(a.numbers) || b.levels.length - a.levels.length);
    }
}

// What is shown where; what is not along an axis stands at one level.
class StudyView {
    constructor(study) {
        const [x, series, panel] = study.varied;
        const rest = [series, panel].filter(Boolean).sort((a, b) => a.levels.length - b.levels.length);
        const first = study.cells.some((cell) => cell.share?.failed) || !study.measures.length ? failedShare : study.measures[0].name;
        Object.assign(this, {study, measure: first, x: x ?? null, series: rest.length > 1 ? rest[1] : rest[0] ?? null,
            panel: rest.length > 1 ? rest[0] : null, logarithmic: false, fixed: study.factors.map(() => 0), listeners: []});
        if (this.series && this.panel && this.series.levels.length > seriesColours.length && this.panel.levels.length <= seriesColours.length)
            [this.series, this.panel] = [this.panel, this.series];
    }
    changed() { for (const listener of this.listeners) listener(); }
    free() { return this.study.varied.filter((factor) => ![this.x, this.series, this.panel].includes(factor)); }
    // The cell at levels of some factors, others as they are fixed.
    cell(...pairs) {
        const at = [...this.fixed];
        for (const [factor, level] of pairs) if (factor) at[factor.index] = level;
        return this.study.cellAt(at);
    }
    // Two factors of different roles; who had the one that is taken gets the other's.
    choose(role, factor) {
        for (const other of ["x", "series", "panel"]) if (other !== role && factor && this[other] === factor) this[other] = this[role];
        this[role] = factor;
        this.changed();
    }
    controls() {
        const {study} = this;
        const measures = [...(study.judged ? [failedShare] : []), ...study.measures.map((one) => one.name)];
        const measure = el("select", {id: "study-measure", onchange: () => { this.measure = measure.value; this.changed(); }},
            measures.map((name) => el("option", {value: name, selected: name === this.measure}, name)));
        const role = (name, label, optional) => {
            const select = el("select", {id: "study-" + name, onchange: () => this.choose(name, study.factors[select.value] ?? null)});
            this.listeners.push(() => fill());
            const fill = () => select.replaceChildren(...[optional ? el("option", {value: "", selected: !this[name]}, "nothing") : null,
                ...study.varied.map((factor) => el("option", {value: factor.index, selected: factor === this[name]}, factor.name))].filter(Boolean));
            fill();
            return study.varied.length > (optional ? 1 : 0) ? field(label, select) : null;
        };
        const scale = el("input", {type: "checkbox", id: "study-log", onchange: () => { this.logarithmic = scale.checked; this.changed(); }});
        const others = el("span.tools");
        const fillOthers = () => others.replaceChildren(...this.free().map((factor) => {
            const select = el("select", {id: "study-at-" + factor.index, onchange: () => { this.fixed[factor.index] = +select.value; this.changed(); }},
                factor.levels.map((level, i) => el("option", {value: i, selected: i === this.fixed[factor.index]}, level)));
            return field(factor.name, select);
        }));
        this.listeners.push(fillOthers);
        fillOthers();
        return el("div.tools", {}, field("Measure", measure), role("x", "Along", false), role("series", "Lines", true), role("panel", "Charts", true),
            field("Logarithmic", scale), others);
    }
}

function machinePart(data) {
    const trouble = data.trouble ?? {};
    const left = (trouble.crowded_rows ?? 0) + (trouble.error_rows ?? 0);
    return [facts([
        ["Made again: too crowded", grouped(trouble.crowded ?? 0), "a program waited too long for a CPU"],
        ["Made again: no verdict", grouped(trouble.errors ?? 0), "for a reason of the machine"],
        ["Made again: killed", grouped(trouble.lost ?? 0), "the process that made the run died"],
        ["Given up", grouped(left), left ? "these runs are in no number of this page" : "every run counts"],
    ])];
}

function outcomesText(outcomes) {
    return Object.entries(outcomes ?? {}).sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${lookOf(outcome).sign} ${outcome} ${count}`).join(", ") || "–";
}

function runsOf(cell) {
    const runs = list(cell.runs);
    if (!runs.length) return "–";
    return details(plural(runs.length, "run"), () => el("div.runs", {}, runs.map(([key, outcome, folder, recovery]) => {
        const text = `${lookOf(outcome).sign} ${String(key).split("-").pop()}`;
        const about = `${key}: ${outcome}${isNumber(recovery) ? ", " + seconds(recovery) : ""}`;
        return folder ? el("a", {href: runLink(folder), title: about}, text) : el("span", {title: about + "; not kept"}, text);
    })));
}

function studyCells(study) {
    const number = (measure) => ({name: measure, kind: "number", cell: (cell) => {
        const found = study.valueOf(cell, measure);
        return found ? [shortNumber(found.value), found.runs > 1 ? el("small", {}, `${shortNumber(found.least)} to ${shortNumber(found.most)}`) : null] : "–";
    }});
    return table("Every combination: medians, and between which bounds they are (95 %)", [
        ...(study.factors.length ? study.factors.map((factor) => ({name: factor.name, cell: (cell) => study.levelOf(cell, factor)})) :
            [{name: "Cell", cell: () => "all runs"}]),
        {name: "Outcomes", cell: (cell) => [outcomesText(cell.outcomes), cell.crowded + cell.errors ? el("small", {}, `and ${cell.crowded + cell.errors} given up`) : null]},
        {name: "Failed", kind: "number", cell: (cell) => {
            const share = study.valueOf(cell, failedShare);
            return share ? [percent(share.value), el("small", {}, `${percent(share.least)} to ${percent(share.most)}`)] : "–";
        }},
        ...study.measures.map((one) => number(one.name)),
        {name: "Runs", cell: runsOf},
    ], study.cells);
}

function studyPage(data) {
    const study = new Study(data), view = new StudyView(study);
    const counts = new Map();
    for (const cell of study.cells) for (const [outcome, count] of Object.entries(cell.outcomes ?? {})) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    const sorted = [...counts].sort((a, b) => b[1] - a[1]);
    const unfinished = isNumber(data.planned) && data.planned > data.runs;
    return {
        header: [
            overline("study", data.about),
            el("h1", {}, data.title ?? "Study"),
            el("p.lead", {}, `${plural(data.runs, "run")} of ${plural(study.cells.length, "combination")}: `,
                listed(sorted.map(([outcome, count]) => `${grouped(count)} ${outcome}`), 6) + "."),
            unfinished ? el("p.note.missing", {}, `${grouped(data.planned - data.runs)} of ${grouped(data.planned)} planned runs have not been made yet. This is what is done so far.`) : null,
            data.not_listed ? el("p.note", {}, `${plural(data.not_listed, "run")} more than a page lists one by one: they are in the numbers, and in results.csv.`) : null,
        ],
        parts: [
            section("measures", "Measures", () => [view.controls(), studyCharts(view)]),
            section("heat", "Two factors", () => study.varied.length > 1 ? heatMap(view) : null),
            section("thresholds", "Thresholds", () => thresholds(study)),
            section("cells", "Combinations", () => studyCells(study)),
            section("methods", "Methods", () => el("p.methods", {}, data.methods ?? "")),
            section("machine", "Runs that the machine spoiled", () => machinePart(data)),
            commandSection(data.about),
        ],
    };
}
