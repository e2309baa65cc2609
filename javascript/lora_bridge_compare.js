// @ts-check
/* In step 4: this training beside another one. What differs, their curves on one chart, their samples; and the same training once more. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const HEIGHT = 190;

    lb.CompareRuns = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("compare", lb.t("Compare with another run"), () => this.ask());
            this.other = lb.field(lb.t("The other run"), lb.el("select", {onchange: () => this.ask()}));
            this.repeat = lb.button(lb.t("Repeat exactly"), () => this.again(), "small");
            this.repeat.title = lb.t("Trains this one once more, as a new job: the same settings, seed, photos and base.");
            this.told = lb.el("p", {class: "lb-dim"});
            this.table = lb.el("table", {class: "lb-table"});
            this.scroll = lb.el("div", {class: "lb-strip-scroll", tabindex: 0, role: "region", "aria-label": lb.t("What differs")}, this.table);
            this.chart = new lb.CompareChart();
            this.samples = new lb.CompareSamples(app);
            this.some = lb.el("div", {}, this.other.node, this.told, this.scroll, this.chart.node, this.samples.node);
            this.part.body.append(lb.el("p", {class: "lb-start"}, this.repeat), this.some);
        }

        update(/** @type {Rest.Result} */ result) {
            const jobs = ((this.app.state.jobs && this.app.state.jobs.jobs) || []).filter((job) => job.kind === "train" && job.id !== result.job);
            lb.show(this.repeat, !result.forgotten);
            lb.show(this.some, jobs.length > 0);
            const runs = jobs.map((job) => ({value: String(job.id), text: lb.t("{title} (job {id})", job)}));
            lb.setChoices(this.other.input, runs, lb.chosenOf(this.other.input, runs));
            if (result.job === this.job) return;
            this.job = result.job;
            if (this.part.node.open) this.ask();
        }

        again() {
            this.app.act(this.repeat, async () => lb.followNew(this.app, await this.app.server.post("jobs/" + this.job + "/repeat", {})));
        }

        async ask() {
            const other = this.other.input.value;
            if (!this.part.node.open || !other) return;
            try {
                const found = await this.app.server.newest("compare?jobs=" + this.job + "," + other, "compare");
                if (found) this.show(found);
            } catch (error) {
                this.app.complain(error);
            }
        }

        show(found) {
            const differ = [...found.settings, ...found.data];
            lb.setText(this.told, differ.length ? lb.t("{same} settings agree; these differ:", {same: found.same_settings}) : lb.t("All {same} settings agree, and so do the photos.", {same: found.same_settings}));
            const facts = [[lb.t("steps"), found.jobs.map((job) => lb.number(job.steps))], [lb.t("last loss"), found.jobs.map((job) => (job.loss === null ? "" : lb.loss(job.loss)))]];
            const captions = found.captions.map((one) => [one.photo, one.captions.map(lb.plainValue)]);
            const rows = [...facts, ...differ.map((one) => [one.name, one.values.map(lb.plainValue)]), ...captions];
            const head = lb.el("tr", {}, lb.el("td", {}), ...found.jobs.map((job) => lb.el("th", {scope: "col"}, lb.runName(job))));
            const body = rows.map(([name, values]) => lb.el("tr", {}, lb.el("th", {scope: "row"}, name), ...values.map((value) => lb.el("td", {}, value))));
            this.table.replaceChildren(lb.el("thead", {}, head), lb.el("tbody", {}, ...body));
            this.chart.set(found.jobs);
            this.samples.set(found.jobs);
        }
    };

    lb.runName = (job) => lb.t("{title} (job {id})", {title: job.title, id: job.job});

    /** The runs' lines for one chart: {held, lines: [[[step, loss], ...], ...]}; on held-out photos where all of them have that. */
    lb.compareLines = function (jobs) {
        const held = jobs.every((job) => job.held_out.length > 1);
        const lines = jobs.map((job) => (held ? job.held_out.map(([step, loss]) => [step, loss]) : lb.smooth(job.curve)));
        return {held: held, lines: lines};
    };

    /** Curves of several runs, a colour each. */
    lb.CompareChart = class {
        constructor() {
            this.title = lb.el("p", {class: "lb-small lb-dim"});
            this.svg = lb.svg("svg", {class: "lb-curve", height: HEIGHT, role: "img"});
            this.legend = lb.el("p", {class: "lb-small lb-legend"});
            this.node = lb.el("div", {}, this.title, this.svg, this.legend);
            this.watch = new ResizeObserver(() => this.draw());
            this.watch.observe(this.node);
            this.jobs = [];
        }

        set(jobs) {
            this.jobs = jobs;
            this.legend.replaceChildren(...jobs.map((job, at) => lb.el("span", {}, lb.el("i", {class: "lb-key lb-run-" + (at % 4)}), " ", lb.runName(job))));
            this.draw();
        }

        draw() {
            const width = this.node.clientWidth;
            const {held, lines} = lb.compareLines(this.jobs);
            const points = lines.flat();
            lb.show(this.svg, points.length > 1);
            lb.show(this.legend, points.length > 1);
            lb.setText(this.title, points.length < 2 ? "" : held ? lb.t("Held-out loss by step") : lb.t("Training loss by step, smoothed"));
            if (!width || points.length < 2) return;
            const scale = lb.curveScale([], points.map(([step, loss]) => ({step: step, held_out: loss, error: 0, training: NaN})), 0, width, HEIGHT, false);
            const path = (line) => line.map(([step, loss], at) => (at ? "L" : "M") + scale.x(step).toFixed(1) + " " + scale.y(loss).toFixed(1)).join("");
            const text = (x, y, anchor, said) => lb.svg("text", {class: "lb-curve-text", x: x, y: y, "text-anchor": anchor}, said);
            lb.setAttribute(this.svg, "viewBox", "0 0 " + width + " " + HEIGHT);
            lb.setAttribute(this.svg, "aria-label", this.title.textContent);
            this.svg.replaceChildren(...lines.map((line, at) => lb.svg("path", {class: "lb-curve-run lb-run-" + (at % 4), d: path(lb.thin(line, 360))})),
                text(46, 27, "end", lb.loss(scale.high)), text(46, HEIGHT - 22, "end", lb.loss(scale.low)), text(52, HEIGHT - 6, "start", "0"), text(width - 8, HEIGHT - 6, "end", lb.number(scale.last)));
        }
    };

    /** A row a run, a column a step: the samples of the first prompt. */
    lb.CompareSamples = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.table = lb.el("table", {class: "lb-strip-table"});
            this.node = lb.el("div", {class: "lb-strip-scroll", tabindex: 0, role: "region", "aria-label": lb.t("Sample pictures by step")}, this.table);
        }

        set(jobs) {
            const first = jobs.map((job) => new Map(job.samples.filter((one) => one.prompt === 0).map((one) => [one.step, one])));
            const steps = [...new Set(first.flatMap((samples) => [...samples.keys()]))].sort((one, other) => one - other);
            lb.show(this.node, steps.length > 0);
            const head = lb.el("tr", {}, lb.el("td", {}), ...lb.stripHeads(steps, false).map((text) => lb.el("th", {scope: "col"}, text)));
            const rows = jobs.map((job, at) => lb.el("tr", {}, lb.el("th", {scope: "row"}, lb.runName(job)), ...steps.map((step) => lb.el("td", {}, this.picture(job, first[at].get(step))))));
            this.table.replaceChildren(lb.el("thead", {}, head), lb.el("tbody", {}, ...rows));
        }

        picture(job, sample) {
            if (!sample) return null;
            const address = this.app.server.url(sample.url);
            const alt = lb.t("{prompt}, step {step}", {prompt: lb.runName(job), step: lb.number(sample.step)});
            return lb.el("a", {href: address, target: "_blank", rel: "noopener"}, lb.el("img", {src: address, alt: alt, loading: "lazy", decoding: "async"}));
        }
    };

    /** A setting's value in a table. */
    lb.plainValue = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
