// @ts-check
/* The queue and the history: every job, and what can be done with it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.History = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("history", lb.t("Queue and history"), () => app.loadJobs());
            this.search = lb.field(lb.t("Search"), lb.el("input", {type: "search", autocomplete: "off", oninput: () => this.lookSoon()}), true);
            this.status = lb.field(lb.t("Show"), lb.el("select", {onchange: () => this.look()}, ...lb.historyChoices().map(([value, text]) => lb.el("option", {value: value}, text))));
            this.filters = lb.el("div", {class: "lb-row"}, this.search.node, this.status.node);
            this.list = lb.el("ul", {class: "lb-jobs"});
            this.empty = lb.el("p", {class: "lb-dim"}, lb.t("Nothing has been trained yet."));
            this.none = lb.el("p", {class: "lb-dim", role: "status", hidden: true}, lb.t("No job fits the search."));
            this.loading = lb.el("p", {class: "lb-dim"}, lb.t("Loading ..."));
            this.more = lb.button(lb.t("Show more"), () => app.act(this.more, () => this.showMore()), "small");
            this.keeping = new lb.Keeping(app);
            this.part.body.append(this.filters, this.loading, this.empty, this.none, this.list, this.more, this.keeping.node);
            this.node = this.part.node;
            this.older = [];
        }

        /** What is asked for: the words and the states; empty for all. */
        query() {
            const words = this.search.input.value.trim();
            return (words ? "&search=" + encodeURIComponent(words) : "") + (this.status.input.value ? "&status=" + this.status.input.value : "");
        }

        lookSoon() {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.look(), 250);
        }

        async look() {
            const query = this.query();
            const found = query ? await this.app.server.newest("jobs?count=50" + query, "history").catch(() => null) : null;
            if (query !== this.query() || (query && !found)) return; // by now something else is asked for
            this.found = found;
            this.older = [];
            this.app.update();
        }

        async showMore() {
            const shown = this.shown();
            const query = this.query();
            const page = await this.app.server.get("jobs?count=50&below=" + shown[shown.length - 1].id + query);
            if (query !== this.query()) return;
            this.older = [...this.older, ...page.jobs];
            this.hasMore = page.more;
            this.app.update();
        }

        /** The first page, as it is now, and those that were asked for besides. */
        shown() {
            const page = this.found || this.app.state.jobs;
            const known = new Set(page.jobs.map((job) => job.id));
            return [...page.jobs, ...this.older.filter((job) => !known.has(job.id))];
        }

        update() {
            const page = this.found || this.app.state.jobs;
            lb.show(this.loading, !page);
            if (!page) return;
            const total = this.app.state.jobs ? this.app.state.jobs.total : page.total;
            lb.setText(this.part.more, total ? " (" + total + ")" : "");
            if (!this.node.open) return;
            this.weigh();
            const jobs = this.shown().filter((job) => job.kind !== "setup" || !lb.isOver(job)); // a set-up that is over is no training
            lb.show(this.filters, total > 5 || Boolean(this.found));
            lb.show(this.empty, !jobs.length && !this.found);
            lb.show(this.none, !jobs.length && Boolean(this.found));
            lb.show(this.more, this.older.length ? Boolean(this.hasMore) : page.more);
            const still = jobs.map((job) => ({id: job.id, kind: job.kind, title: job.title, status: job.status, sentence: job.sentence, created: job.created,
                attempt: job.attempt, base: job.base, engine: job.engine, total: job.total, saved: job.saved, begins: job.begins, forgotten: job.forgotten}));
            lb.fillList(this.list, still, (job) => job.id, (job) => this.draw(job));
        }

        /** Asks again what could be freed, where a job has ended or gone since. */
        weigh() {
            const over = this.app.state.jobs ? this.app.state.jobs.jobs.filter(lb.isOver).map((job) => job.id + "." + job.attempt).join() : "";
            if (over === this.weighed) return;
            this.weighed = over;
            this.keeping.look();
        }

        draw(job) {
            const kind = {succeeded: "good", failed: "bad", lost: "bad", stopped: "mind"}[job.status] || "dim";
            const facts = [lb.when(job.created), job.base && lb.bareTitle(job.base), job.total && lb.t("{n} {steps:step|steps}", {n: lb.number(job.total), steps: job.total}), job.engine].filter(Boolean);
            return lb.el("li", {class: "lb-job"},
                lb.el("div", {}, lb.el("b", {}, job.title), " ", lb.el("span", {class: "lb-" + kind}, lb.statusWord(job.status)),
                    lb.el("div", {class: "lb-dim lb-small"}, facts.join(" · ")), job.sentence ? lb.el("div", {class: "lb-small"}, lb.sentence(job.sentence)) : null),
                lb.el("div", {class: "lb-job-buttons"}, lb.jobButtons(this.app, job)));
        }
    };

    /** What the history can be narrowed to: [states, words]. */
    lb.historyChoices = () => [["", lb.t("all")], ["queued,running,stopping", lb.t("waiting and running")], ["succeeded", lb.t("finished")], ["failed,lost", lb.t("failed")], ["stopped", lb.t("stopped")]];

    /** The buttons for what can be done with a job. */
    lb.jobButtons = function (app, job) {
        const texts = {show: lb.t("Show"), stop: lb.stopWords(job.kind), leave: lb.t("Take out of the queue"), begin: lb.t("Start now"), resume: lb.t("Resume"), retry: lb.t("Start over"), publish: lb.t("Publish what is saved"), repeat: lb.t("Repeat exactly"), report: lb.t("Copy report"), remove: lb.t("Remove")};
        const far = app.state.host && app.state.host.local === false;
        return lb.jobActions(job).filter((action) => action !== "export" || !far).map((action) => {
            if (action === "export") return lb.exportMenu(app, job);
            const button = lb.button(texts[action], () => lb.doWithJob(app, job, action, button), "small");
            button.dataset.action = action;
            return button;
        });
    };

    /** Takes a job away as others can run it; a file is downloaded at once. */
    lb.exportMenu = function (app, job) {
        const choices = [{value: "", text: lb.t("Export as")}, {value: "toml", text: lb.t("sd-scripts TOML")}, {value: "kohya", text: lb.t("kohya_ss JSON")}, {value: "sh", text: lb.t("shell script")}];
        const menu = lb.el("select", {class: "lb-menu", "aria-label": lb.t("Export as"), onchange: () => {
            const form = menu.value;
            menu.value = "";
            if (form) app.act(menu, async () => lb.download(await app.server.ask("jobs/" + job.id + "/export?format=" + form, {file: true}), "job-" + job.id + "-" + form + ".zip"));
        }}, ...choices.map((choice) => lb.el("option", {value: choice.value}, choice.text)));
        menu.dataset.action = "export";
        return menu;
    };

    /** Hands a file to the browser to keep. */
    lb.download = function (blob, name) {
        const link = lb.el("a", {href: URL.createObjectURL(blob), download: name});
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    };

    lb.doWithJob = function (app, job, action, button) {
        if (action === "show") {
            if (job.status === "succeeded" && job.kind === "train") app.views.try.show(job.id);
            else {
                app.follow(job.id);
                app.views.train.run.scrollIntoView({block: "nearest"});
            }
            return undefined;
        }
        if (action === "remove" && !button.lbSure) {
            button.lbSure = setTimeout(() => {
                button.lbSure = null;
                lb.setText(button, lb.t("Remove"));
            }, 4000);
            lb.setText(button, lb.t("Remove: sure?"));
            return undefined;
        }
        return app.act(button, async () => {
            if (action === "report") {
                await lb.copy((await app.server.get("jobs/" + job.id + "/report")).text);
                app.tell(lb.t("Copied: what happened, without names, paths and pictures."));
                return;
            }
            const stops = action === "stop" || action === "leave";
            const verb = stops ? "stop" : action === "begin" ? "resume" : action;
            const answer = await app.server.post("jobs/" + job.id + "/" + verb, stops ? {now: false} : {});
            app.tell(lb.sentence(answer.sentence));
            if (action === "publish") {
                lb.setText(button, lb.t("Published as {stem}", {stem: answer.stem}));
                lb.refreshCards(app);
            }
            if (action === "remove" && app.followed === job.id) app.follow(null);
            if (action === "resume" || action === "retry") app.follow(job.id);
            if (action === "repeat") app.follow(answer.job);
            await app.loadJobs();
        });
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
