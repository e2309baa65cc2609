// @ts-check
/* What is missing for training, and the one button that gets it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Setup = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.findings = lb.el("ul", {class: "lb-findings"});
            this.start = lb.button(lb.t("Set up"), () => this.run(null), "primary");
            this.what = lb.el("span", {class: "lb-dim"}, lb.t("Downloads sd-scripts and what it needs into a folder of its own. Nothing in the WebUI is changed."));
            this.cost = lb.el("b", {});
            this.alone = lb.button(lb.t("Only the embedded engine"), () => this.run(null, "embedded"));
            this.aloneWhat = lb.el("span", {class: "lb-dim"}, lb.t("If GitHub can't be reached: our own engine, for SD 1.5, SD 2 and SDXL, from PyPI alone."));
            this.aloneCost = lb.el("b", {});
            this.source = lb.field(lb.t("Folder, archive (.zip, .tar.gz) or address of a mirror"), lb.el("input", {type: "text", autocomplete: "off", spellcheck: "false"}), true);
            this.use = lb.button(lb.t("Use this"), () => this.run(this.source.input.value.trim()));
            this.own = lb.el("details", {class: "lb-part"}, lb.el("summary", {}, lb.t("Use my kohya_ss or sd-scripts folder, an archive or a mirror")),
                lb.el("div", {class: "lb-part-body lb-with-button"}, this.source.node, this.use));
            this.phase = lb.el("p", {"aria-live": "polite"});
            this.log = lb.el("pre", {class: "lb-log", tabindex: 0, "aria-label": lb.t("Log")});
            this.cancel = lb.button(lb.t("Cancel"), () => this.stop(), "small");
            this.running = lb.el("div", {hidden: true}, this.phase, this.log, this.cancel);
            this.choice = lb.el("div", {}, lb.el("p", {class: "lb-start"}, this.start, " ", lb.el("span", {class: "lb-what"}, this.what, " ", this.cost)),
                lb.el("p", {class: "lb-start"}, this.alone, " ", lb.el("span", {class: "lb-what"}, this.aloneWhat, " ", this.aloneCost)), this.own);
            this.far = lb.el("p", {class: "lb-dim", hidden: true}, lb.t("Set-up works only on the computer that runs the WebUI."));
            this.node = lb.el("section", {class: "lb-box", hidden: true}, lb.el("h3", {}, lb.t("Training is not set up yet")), this.findings, this.far, this.choice, this.running);
        }

        run(source, engine) {
            if (source === "") return this.source.input.focus();
            return this.app.act(engine ? this.alone : source === null ? this.start : this.use, async () => {
                const answer = await this.app.server.post("setup", {source: source, ...(engine ? {engine: engine} : {})});
                this.app.follow(answer.job);
            });
        }

        stop() {
            const job = this.job();
            if (job) this.app.act(this.cancel, () => this.app.server.post("jobs/" + job.id + "/stop", {now: true}));
        }

        /** The set-up job that runs, waits or was the last. */
        job() {
            const status = this.app.state.status;
            const found = status && [status.running, status.job].find((job) => job && job.kind === "setup");
            return found || null;
        }

        /** The sentences on what is missing, as one text, while they are shown here. */
        said() {
            return this.node.hidden ? "" : (this.missing || []).join(" ");
        }

        update() {
            const engine = this.app.state.engine;
            const host = this.app.state.host;
            const job = this.job();
            const active = Boolean(job) && !lb.isOver(job);
            lb.show(this.node, Boolean(engine) && (!engine.ready || active));
            if (this.node.hidden) return;
            const missing = engine.findings.filter((finding) => finding.needed && !finding.ready);
            this.missing = missing.map((finding) => finding.sentence);
            lb.sentences(this.findings, this.missing.map(lb.withoutCommand));
            lb.setText(this.cost, engine.costs ? lb.sentence(engine.costs["sd-scripts"]) + "." : "");
            lb.setText(this.aloneCost, engine.costs ? lb.sentence(engine.costs.embedded) + "." : "");
            const far = Boolean(host) && host.local === false;
            lb.show(this.far, far && !active);
            lb.show(this.choice, !active && !far);
            lb.show(this.running, active || Boolean(job && job.status !== "succeeded"));
            lb.show(this.cancel, active);
            if (!job) return;
            lb.setText(this.phase, active ? lb.sentence(this.app.state.status.phase) || lb.statusWord(job.status) : lb.sentence(job.sentence));
            lb.showLog(this.app, this.log, job, 40);
        }
    };

    /** A finding without the command to type: here is a button for it. */
    lb.withoutCommand = function (sentence) {
        const {code, values} = lb.messageOf(sentence) || {};
        if (code !== "doctor.engine_lacks") return lb.sentence(sentence);
        const isCommand = (text) => lb.codeOf(text) === "setup.run_sd_scripts_bridge";
        const said = lb.partsOf(values.said).map((part) => (isCommand((part.values || {}).remedy) ? part.values.what : part));
        return values.name + ": " + said.map(lb.sentence).join("; ");
    };

    /** Fills a box with a job's last lines: now, and every two seconds while it runs. */
    lb.showLog = async function (app, box, job, lines) {
        const mark = job.id + "." + job.status;
        const over = lb.isOver(job);
        if (box.lbBusy || (box.lbMark === mark && (over || Date.now() - box.lbAt < 2000))) return;
        box.lbBusy = true;
        try {
            const answer = await app.server.get("jobs/" + job.id + "/log?lines=" + lines);
            const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 30;
            lb.setText(box, answer.lines.join("\n"));
            if (atEnd || box.lbMark !== mark) box.scrollTop = box.scrollHeight;
            box.lbMark = mark;
        } catch (error) { /* the next look tries again */ }
        box.lbAt = Date.now();
        box.lbBusy = false;
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
