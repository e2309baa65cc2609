// @ts-check
/* In step 4: what more there is to measure of a finished training, and to train it again on all of its photos. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** So long as the training do five short ones take, each on four fifths of the photos. */
    const TRAININGS = 4;

    /** "Likeness: 0.61; your photos among themselves 0.66 to 0.74", and what was measured beside it. */
    lb.LikenessLine = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.text = lb.el("span", {});
            this.more = lb.el("span", {class: "lb-dim"});
            this.measure = lb.button(lb.t("Measure likeness"), () => this.send(), "small");
            this.node = lb.el("p", {class: "lb-small"}, lb.el("b", {}, lb.t("Likeness:")), " ", this.text, " ", this.more, " ", this.measure);
        }

        update(/** @type {Rest.Result} */ result) {
            const found = result.likeness;
            this.job = result.job;
            lb.show(this.node, Boolean(found));
            if (!found) return;
            const message = lb.messageOf(found.sentence);
            const isNew = Boolean(message) && message.code === "likeness.not_yet";
            lb.setText(this.text, isNew ? lb.t("not measured yet.") : lb.sentence(found.sentence));
            lb.setText(this.more, lb.likenessParts(found).join(" "));
            lb.show(this.node, !(isNew && result.forgotten));
            lb.show(this.measure, !found.measured && !result.forgotten);
            lb.nameWork(this.app, this.measure, lb.t("Measure likeness"));
        }

        send() {
            lb.queueWork(this.app, this.measure, "jobs/" + this.job + "/likeness", {});
        }
    };

    /** Figures that are never mixed into the likeness. */
    lb.likenessParts = function (found) {
        const figure = (value) => value.toFixed(2);
        const parts = [];
        if (found.following !== null) parts.push(lb.t("Follows the prompt: {value}.", {value: figure(found.following)}));
        if (found.variety !== null) parts.push(lb.t("Variety between seeds: {value}.", {value: figure(found.variety)}));
        if (found.nearest) parts.push(lb.sentence(found.nearest.sentence));
        return parts;
    };

    /** Where a photo is held out: measure the saves on it, find the step for all of them, or train all. */
    lb.HeldOutWork = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.said = lb.el("p", {class: "lb-small"});
            this.measure = lb.button(lb.t("Measure the saved steps"), () => this.queue(this.measure, "evaluate"), "small");
            this.find = lb.button(lb.t("Find the right step (five short trainings)"), () => this.queue(this.find, "find-step"), "small");
            this.again = lb.button(lb.t("Train again on all photos"), () => this.train(), "small");
            this.node = lb.el("div", {}, this.said, lb.el("p", {class: "lb-start"}, this.measure, this.find, this.again));
        }

        update(/** @type {Rest.Result} */ result) {
            const all = result.best_of_all, best = result.best, seconds = result.facts && result.facts.seconds;
            this.job = result.job;
            this.found = all && all.step;
            const steps = this.found || (best && best.step) || (result.facts && result.facts.planned_steps);
            lb.show(this.node, result.held_out > 0);
            lb.show(this.said, Boolean(all));
            lb.setText(this.said, all ? lb.t("By short trainings, each without some of the photos: {reason}", {reason: lb.sentence(all.reason)}) : "");
            lb.show(this.measure, result.held_out > 0 && !best);
            lb.show(this.find, !all && Boolean(best) && !best.sure);
            lb.nameWork(this.app, this.measure, lb.t("Measure the saved steps"));
            lb.nameWork(this.app, this.find, seconds ? lb.t("Find the right step (five short trainings, about {time})", {time: lb.about(TRAININGS * seconds)})
                : lb.t("Find the right step (five short trainings)"));
            lb.setText(this.again, steps ? lb.t("Train again on all photos: {n} {steps:step|steps}", {n: lb.number(steps), steps: steps}) : lb.t("Train again on all photos"));
        }

        queue(button, what) {
            return lb.queueWork(this.app, button, "jobs/" + this.job + "/" + what, {});
        }

        train() {
            const wanted = this.found ? {all_photos: true, steps: this.found} : {all_photos: true};
            this.app.act(this.again, async () => {
                const answer = await this.app.server.post("jobs/" + this.job + "/retry", wanted);
                lb.followNew(this.app, answer);
            });
        }
    };

    /** Queues a job that trains nothing, and says so. */
    lb.queueWork = function (app, button, path, body) {
        if (button.getAttribute("aria-disabled")) return undefined;
        return app.act(button, async () => {
            const answer = await app.server.post(path, body);
            app.say(lb.t("Job {job} is in the queue.", answer));
            lb.setText(button, lb.t("In the queue (job {job})", answer));
            button.lbJob = answer.job;
            await app.loadJobs();
            app.update();
        });
    };

    /** What such a button is called: until the job that it queued is over, that it is there. */
    lb.nameWork = function (app, button, name) {
        const jobs = (app.state.jobs && app.state.jobs.jobs) || [];
        const job = jobs.find((one) => one.id === button.lbJob);
        const waits = Boolean(job) && !lb.isOver(job);
        lb.setText(button, waits ? lb.t("In the queue (job {job})", {job: job.id}) : name);
        lb.setAttribute(button, "aria-disabled", waits ? "true" : null);
    };

    /** Shows a training that was just queued, in step 3. */
    lb.followNew = function (app, answer) {
        app.tell([answer.sentence, ...(answer.notes || [])].map(lb.sentence).join(" "));
        app.follow(answer.job);
        app.open("train");
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
