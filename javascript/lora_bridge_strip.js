// @ts-check
/* The strip above the steps: the running job, everywhere and after every reload. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** A job's state in a word. */
    lb.statusWord = function (status) {
        const words = {
            queued: lb.t("waiting"), running: lb.t("running"), stopping: lb.t("stopping"), succeeded: lb.t("finished"),
            failed: lb.t("failed"), stopped: lb.t("stopped"), lost: lb.t("lost"),
        };
        return words[status] || status;
    };

    /** What the polite stop is called: only trainings save. */
    lb.stopWords = (kind) => (kind === "train" ? lb.t("Stop after next save") : lb.t("Stop"));

    /** Two buttons that stop a job: politely, and at once (asked twice). */
    lb.StopButtons = class {
        constructor(/** @type {LoraBridgeApp} */ app, job) {
            this.app = app;
            this.job = job;
            this.soft = lb.button(lb.t("Stop after next save"), () => this.stop(this.soft, false), "small");
            this.hard = lb.button(lb.t("Stop now"), () => this.askTwice(), "small");
            this.node = lb.el("span", {class: "lb-stops"}, this.soft, this.hard);
        }

        askTwice() {
            if (!this.asked) {
                this.asked = setTimeout(() => this.calm(), 4000);
                lb.setText(this.hard, lb.t("Stop now: sure?"));
                return;
            }
            this.calm();
            this.stop(this.hard, true);
        }

        calm() {
            clearTimeout(this.asked);
            this.asked = null;
            lb.setText(this.hard, lb.t("Stop now"));
        }

        stop(button, now) {
            const id = this.job();
            return this.app.act(button, async () => this.app.tell(lb.sentence((await this.app.server.post("jobs/" + id + "/stop", {now: now})).sentence)));
        }

        update(active, stopping, kind) {
            lb.show(this.node, active);
            lb.show(this.soft, !stopping && kind !== "setup");
            lb.setText(this.soft, lb.stopWords(kind));
            lb.show(this.hard, stopping || kind !== "tool");
        }
    };

    lb.Strip = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.title = lb.el("b", {class: "lb-strip-title"});
            this.text = lb.el("span", {class: "lb-strip-text"});
            this.fill = lb.el("i", {});
            this.bar = lb.el("span", {class: "lb-bar", role: "progressbar", "aria-label": lb.t("Progress"), "aria-valuemin": 0, "aria-valuemax": 100}, this.fill);
            this.percent = lb.el("span", {});
            this.rate = lb.el("span", {});
            this.left = lb.el("span", {});
            this.loss = lb.el("span", {});
            this.silent = lb.el("span", {class: "lb-strip-silent"});
            this.stops = new lb.StopButtons(app, () => this.id);
            this.pause = lb.button(lb.t("Generate now"), () => this.order(this.pause, "pause"), "small");
            this.pause.title = lb.t("Pauses at the next save, gives the GPU back, and goes on by itself afterwards.");
            this.goOn = lb.button(lb.t("Go on now"), () => this.order(this.goOn, "resume"), "small");
            this.waiting = lb.el("span", {class: "lb-dim"});
            this.tryIt = lb.button(lb.t("Try it"), () => this.app.views.try.show(this.id), "small");
            this.node = lb.el("section", {class: "lb-strip", "aria-label": lb.t("Training now"), hidden: true},
                this.title, this.text, this.bar, this.percent, this.rate, this.left, this.loss, this.silent, this.pause, this.goOn, this.stops.node, this.tryIt, this.waiting);
        }

        /** Sends one of the job's verbs, and says the answer. */
        order(button, verb) {
            const path = "jobs/" + this.id + "/" + verb;
            return this.app.act(button, async () => this.app.tell(lb.sentence((await this.app.server.post(path, {})).sentence)));
        }

        update() {
            const view = lb.stripView(this.app.state.status, Date.now() / 1000, Boolean(this.app.state.host && this.app.state.host.can_send));
            lb.show(this.node, Boolean(view));
            if (!view) return;
            this.id = view.id;
            lb.setText(this.title, view.title);
            lb.setText(this.text, this.words(view));
            lb.setClass(this.node, "lb-strip-bad", view.status === "failed" || view.status === "lost");
            lb.show(this.bar, view.active);
            lb.setClass(this.bar, "lb-bar-unknown", view.part === null);
            lb.setAttribute(this.bar, "aria-valuenow", view.part === null ? null : Math.round(100 * view.part));
            const width = view.part === null ? "" : (100 * view.part).toFixed(2) + "%";
            if (this.fill.style.width !== width) this.fill.style.width = width;
            this.put(this.percent, view.part !== null && view.active && lb.t("{percent} %", {percent: Math.floor(100 * view.part)}));
            this.put(this.rate, view.rate);
            this.put(this.left, view.left && lb.t("{time} left", {time: view.left}));
            this.put(this.loss, view.loss && lb.t("loss {loss}", {loss: view.loss}));
            this.put(this.silent, view.silent && lb.t("no output for {time}: it may be busy or stuck", {time: view.silent}));
            this.stops.update(view.active, view.stopping, view.kind);
            lb.show(this.pause, view.active && !view.stopping && view.kind === "train");
            lb.show(this.goOn, Boolean(view.paused || view.later));
            lb.setText(this.goOn, view.later ? lb.t("Start now") : lb.t("Go on now"));
            lb.show(this.tryIt, view.status === "succeeded" && view.kind === "train" && this.app.step !== "try");
            this.put(this.waiting, view.waiting ? lb.t("{n} waiting", {n: view.waiting}) : "");
        }

        words(view) {
            if (view.stopping) return lb.sentence(view.phase) || lb.t("stopping");
            if (view.step !== null && view.step !== undefined) return lb.t("step {step} of {total}", {step: lb.number(view.step), total: lb.number(view.total)});
            if (view.active) return lb.sentence(view.phase) || (view.status === "running" ? lb.t("starting") : lb.statusWord(view.status));
            return lb.sentence(view.sentence) || lb.statusWord(view.status);
        }

        put(node, text) {
            lb.setText(node, text || "");
            lb.show(node, Boolean(text));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
