// SPDX-License-Identifier: Apache-2.0
// The page of one run.

// What the data says, in seconds and by node.
class Run {
    constructor(data) {
        this.data = data;
        this.title = data.title;
        this.about = data.about ?? {};
        this.verdict = data.verdict;
        this.faults = objects(data.faults);
        this.kinds = data.kinds ?? {};
        this.length = (data.length_us ?? 0) / 1e6;
        this.phases = data.phases;
        this.phaseNames = list(data.phases?.names);
        this.nodes = list(data.nodes).map((node, index) => this.node(node, index));
        const judged = new Map(objects(this.verdict?.nodes).map((node) => [node.node, node]));
        for (const name of judged.keys())  // of a run without a journal
            if (!list(data.nodes).length) this.nodes.push(this.node({name}, this.nodes.length));
        this.takeMarks(list(data.marks));
        this.bands = list(data.bands).map((band) => ({
            label: band.number > 1 || this.isRepeated(band.fault) ? `${band.fault} (${band.number})` : band.fault,
            kind: band.kind,
            from: band.from_us / 1e6,
            to: band.to_us === null ? null : band.to_us / 1e6,
            nodes: list(band.nodes).map((index) => this.nodes[index]).filter(Boolean),
        }));
        for (const band of this.bands) for (const node of band.nodes) node.bands.push(band);
        for (const node of this.nodes) this.judge(node, judged.get(node.name));
        this.links = linksOf(this);
        this.faultRows = 1;  // until the width is known
        this.rounds = this.longestRounds();
        this.events = this.notableEvents();
        this.bytes = [0, 1].map((way) => this.nodes.reduce((sum, node) => sum + node.bytes[way], 0));
        this.traffic = data.traffic && {...data.traffic, step: data.traffic.step_us / 1e6};
        this.capacity = data.links && new Capacity(data.links);
        this.gutter = this.nameWidth();
        this.summary = `Timeline of ${plural(this.nodes.length, "node")} over ${seconds(this.length)}, with ` +
            `${plural(this.bands.length, "fault")}. The tables below say the same.`;
    }

    node(node, index) {
        const numbers = this.phases?.lanes[index], tick = (this.phases?.tick_us ?? 0) / 1e6;
        let lane;
        return {
            index, name: node.name, addresses: list(node.addresses), marks: [], bands: [], from: null, to: null,
            // Made when it is first drawn: most of many lanes are never scrolled to.
            get lane() { return lane === undefined ? lane = numbers?.length ? new Lane(numbers, tick) : null : lane; },
            bytes: this.data.traffic?.totals[index] ?? [0, 0],
        };
    }

    isRepeated(fault) { return list(this.data.bands).some((band) => band.fault === fault && band.number > 1); }

    takeMarks(marks) {
        for (const [us, index, kind, text] of marks) {
            const node = this.nodes[index];
            if (!node || !markLooks[kind]) continue;
            node.marks.push({at: us / 1e6, kind, text});
        }
        for (const node of this.nodes) {
            node.marks.sort((a, b) => a.at - b.at);
            node.from = node.marks.find((mark) => mark.kind === "start")?.at ?? null;
            node.to = node.marks.findLast((mark) => ["exit", "failed", "stopped"].includes(mark.kind))?.at ?? null;
        }
    }

    judge(node, judged) {
        node.hit = node.bands.length > 0;
        node.finished = judged?.finished ?? false;
        const last = node.marks.findLast((mark) => ["exit", "failed", "stopped"].includes(mark.kind));
        node.ended = judged?.ended ?? (last ? markText(last) : "not known");
        node.stopped = judged?.ended === "stopped by netcut-fl" || (!judged && last?.kind === "stopped");
        node.failed = judged ? !judged.finished && !node.stopped && judged.ended !== "never started" : last?.kind === "failed";
    }

    // Rounds as the node tells them that tells of most; the aggregator, the first, is asked first.
    longestRounds() {
        let most = [];
        for (const node of this.nodes) {
            const rounds = node.marks.filter((mark) => mark.kind === "progress");
            if (rounds.length > most.length) most = rounds;
        }
        return most;
    }

    bandEvents() {
        const event = (at, band, says) => ({at, node: band.nodes[0], says, text: says});
        return this.bands.flatMap((band) => [
            event(band.from, band, `${band.label}: ${band.kind} begins on ${listed(band.nodes.map((node) => node.name))}`),
            band.to === null ? [] : event(band.to, band, `${band.label}: healed`),
        ].flat());
    }
    markEvents(wanted) {
        return this.nodes.flatMap((node) => node.marks.filter(wanted).map((mark) => (
            {at: mark.at, node, says: markText(mark), text: `${node.name} · ${markText(mark)}`})));
    }
    notableEvents() {
        const minor = new Set(["progress", "match", "start"]);
        const events = [...this.bandEvents(), ...this.markEvents((mark) => !minor.has(mark.kind))];
        return events.sort((a, b) => a.at - b.at);
    }
    allEvents() { return [...this.bandEvents(), ...this.markEvents(() => true)].sort((a, b) => a.at - b.at); }

    nameWidth() {
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = theme.font(12, "600");
        const widest = Math.max(60, ...this.nodes.slice(0, 300).map((node) => pen.measureText(node.name + " ✕").width));
        const below = this.links.size || this.capacity;  // rows with names of their own
        return Math.min(below ? 210 : 170, Math.ceil(widest) + (below ? 90 : 16));
    }
}

function runPage(data) {
    const run = new Run(data);
    const range = new Range(run.length), moment = new Moment();
    const crashed = run.verdict?.verdict === "crashed";
    const modelIsWrong = run.verdict?.safety?.word === "but";
    const model = section("model", "Is the model right?", () => safetySection(run));
    const why = section("why", crashed ? "Why the others did not go on" : "Why it hangs", () => whySection(run));
    return {
        header: verdictHeader(run, crashed ? null : why),
        parts: [
            crashed ? section("died", "Last words", () => diedSection(run)) : null,
            crashed ? why : null,
            section("evidence", crashed ? "What shows why they did not" : "What shows why it hangs", () => evidenceSection(run)),
            modelIsWrong ? model : null,
            section("waited", "What never came", () => waitedSection(run)),
            section("listens", "Where the aggregator listens", () => listensNote(run)),
            crashed ? null : section("died", "Last words", () => diedSection(run)),
            section("stood", "Where the nodes stood", () => stoodSection(run, moment)),
            section("timeline", "Timeline", () => run.nodes.length === 0 ? null : [
                timeline(run, range, moment),
                details("All events as a table", () => eventTable(run)),
            ]),
            modelIsWrong ? null : model,
            section("logs", "Logs", () => logSection(run, moment)),
            section("traffic", "Bytes over time", () => run.traffic ? [
                traffic(run, range),
                details("Bytes as tables", () => trafficTable(run)),
            ] : null),
            section("capacity", "Links over time", () => run.capacity ? capacityTable(run) : null),
            section("faults", "Faults", () => run.faults.length ? faultTable(run) : el("p", {}, "No fault was fired in this run.")),
            section("nodes", "Nodes", () => run.nodes.length ? nodeTable(run) : null),
            section("sockets", "Connections", () => socketSection(run)),
            section("scenario", "Scenario", () => data.scenario ?
                details("scenario.yaml as it was carried out", () => el("pre.yaml", {tabindex: 0}, el("code", {}, data.scenario))) : null),
            section("environment", "Environment", () => facts([
                ["Kernel", run.about.kernel || null], ["netcut-fl", run.about.netcut_fl || null], ["Network", run.about.fabric || null],
                ["Nodes ran as", run.about.user || null], ["Begun", run.about.begun || null],
            ])),
            section("left-out", "What is not shown", () => list(data.left_out).length ?
                el("ul", {}, data.left_out.map((note) => el("li", {}, sentence(note)))) : null),
        ],
    };
}
