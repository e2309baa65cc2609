// @ts-check
/* In step 4: what more there is to measure of a finished training, and to train it again on all of its photos. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** "Likeness: 0.61; your photos among themselves 0.66 to 0.74", and what was measured beside it. */
    lb.LikenessLine = class {
        constructor(app) {
            this.app = app;
            this.text = lb.el("span", {});
            this.more = lb.el("span", {class: "lb-dim"});
            this.measure = lb.button(lb.t("Measure likeness"), () => this.send(), "small");
            this.node = lb.el("p", {class: "lb-small"}, lb.el("b", {}, lb.t("Likeness:")), " ", this.text, " ", this.more, " ", this.measure);
        }

        update(result) {
            const found = result.likeness;
            this.job = result.job;
            lb.show(this.node, Boolean(found));
            if (!found) return;
            const message = lb.messageOf(found.sentence);
            const isNew = Boolean(message) && message.code === "likeness.not_yet";
            lb.setText(this.text, isNew ? lb.t("not measured yet.") : lb.sentence(found.sentence));
            lb.setText(this.more, lb.likenessParts(found).join(" "));
            lb.show(this.measure, !found.measured);
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

    /** Where a photo is held out: measure the saves on it, or train again on all of them. */
    lb.HeldOutWork = class {
        constructor(app) {
            this.app = app;
            this.measure = lb.button(lb.t("Measure the saved steps"), () => lb.queueWork(app, this.measure, "jobs/" + this.job + "/evaluate", {}), "small");
            this.again = lb.button(lb.t("Train again on all photos"), () => this.train(), "small");
            this.node = lb.el("p", {class: "lb-start"}, this.measure, this.again);
        }

        update(result) {
            this.job = result.job;
            const steps = (result.best && result.best.step) || (result.facts && result.facts.planned_steps);
            lb.show(this.node, result.held_out > 0);
            lb.show(this.measure, result.held_out > 0 && !result.best);
            lb.setText(this.again, steps ? lb.t("Train again on all photos: {n} {steps:step|steps}", {n: lb.number(steps), steps: steps}) : lb.t("Train again on all photos"));
        }

        train() {
            this.app.act(this.again, async () => {
                const answer = await this.app.server.post("jobs/" + this.job + "/retry", {all_photos: true});
                lb.followNew(this.app, answer);
            });
        }
    };

    /** Queues a job that trains nothing, and says so. */
    lb.queueWork = function (app, button, path, body) {
        return app.act(button, async () => {
            const answer = await app.server.post(path, body);
            app.say(lb.t("Job {job} is in the queue.", answer));
            lb.setText(button, lb.t("In the queue (job {job})", answer));
            await app.loadJobs();
        });
    };

    /** Shows a training that was just queued, in step 3. */
    lb.followNew = function (app, answer) {
        app.say([answer.sentence, ...(answer.notes || [])].map(lb.sentence).join(" "));
        app.follow(answer.job);
        app.open("train");
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
