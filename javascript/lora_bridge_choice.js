// @ts-check
/* In step 4: the pair without and with the LoRA, and which of the saved steps to use. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** {without, with}: two pictures of one prompt and seed. The grid's pair, else the first prompt's samples before and last. */
    lb.pairOf = function (result, grid) {
        const drawn = grid && grid.pictures[0] && grid.pictures[0].picture && grid.pictures[1] && grid.pictures[1].picture;
        if (drawn) return {without: grid.pictures[0].picture, with: grid.pictures[1].picture};
        const strip = result.strip;
        const row = strip && strip.pictures.find((_, at) => !strip.others.includes(at));
        if (!row) return null;
        const last = row.slice().reverse().find((picture) => picture);
        return row[0] && strip.steps[0] === 0 && last !== row[0] ? {without: row[0], with: last} : null;
    };

    /** Which saves are as good as the best one; empty where that isn't sure. */
    lb.usableText = function (range) {
        if (!range) return "";
        return range[0] === range[1] ? lb.t("No other save is as good.") : lb.t("Usable: {from} to {to}.", {from: lb.number(range[0]), to: lb.number(range[1])});
    };

    lb.Pair = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.node = lb.el("div", {class: "lb-pair"});
        }

        update(/** @type {Rest.Result} */ result, grid) {
            const pair = lb.pairOf(result, grid);
            const shown = pair ? [[pair.without, lb.t("without")], [pair.with, lb.t("with, same seed")]]
                : result.preview ? [[result.preview, lb.t("the card's picture")]] : [];
            const mark = JSON.stringify(shown);
            lb.show(this.node, shown.length > 0);
            if (mark === this.mark) return;
            this.mark = mark;
            this.node.replaceChildren(...shown.map(([url, name]) => {
                const address = this.app.server.url(url);
                return lb.el("a", {class: "lb-sample", href: address, target: "_blank", rel: "noopener"}, lb.el("img", {src: address, alt: lb.t("Sample: {name}", {name: name}), decoding: "async"}), lb.el("span", {}, name));
            }));
        }
    };

    lb.StepChoice = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.job = null;
            this.kept = false;
            this.touchedOf = null;
            this.title = lb.el("b", {});
            this.more = lb.el("span", {});
            this.reason = lb.el("p", {class: "lb-small"});
            this.likeness = new lb.LikenessLine(app);
            this.heldOut = new lb.HeldOutWork(app);
            this.steps = lb.el("select", {class: "lb-menu", "aria-label": lb.t("Saved step")});
            this.publish = lb.button(lb.t("Publish"), () => this.send(), "primary");
            this.keep = lb.button(lb.t("Keep the last step"), () => this.keepLast());
            this.isPrivate = lb.el("input", {type: "checkbox", class: "lb-tick", id: lb.newId()});
            this.tick = lb.el("label", {class: "lb-small", for: this.isPrivate.id}, this.isPrivate, " ", lb.t("private: no captions, paths or names inside the file"));
            this.isAverage = lb.el("input", {type: "checkbox", class: "lb-tick", id: lb.newId()});
            this.average = lb.el("label", {class: "lb-small", for: this.isAverage.id}, this.isAverage, " ", lb.t("averaged with the saves right before and after it: better after a constant learning rate"));
            this.node = lb.el("div", {class: "lb-note lb-best", hidden: true}, lb.el("p", {}, this.title, " ", this.more), this.reason,
                lb.el("p", {class: "lb-start"}, this.steps, this.publish, this.keep), this.average, this.tick, this.likeness.node, this.heldOut.node);
            this.steps.addEventListener("change", () => this.choose(this.steps.value));
        }

        update(/** @type {Rest.Result} */ result) {
            lb.show(this.node, Boolean(result.job));
            if (!result.job) return;
            const best = result.best;
            const steps = result.saves;
            this.result = result;
            if (this.job !== result.job) this.begin(result);
            const named = best && best.step;
            const title = !named ? lb.t("No step is recommended.") : best.sure ? lb.t("Step {step} is the one to use.", {step: lb.number(best.step)})
                : lb.t("Step {step} is the best guess.", {step: lb.number(best.step)});
            lb.setText(this.title, title);
            lb.setText(this.more, named ? [lb.usableText(best.range), best.sure ? lb.t("Fairly sure.") : lb.t("Not sure.")].filter(Boolean).join(" ") : "");
            lb.setText(this.reason, best ? lb.sentence(best.reason || "") : result.forgotten ? lb.t("Its photos are forgotten: nothing can be measured any more.")
                : result.held_out ? lb.t("The held-out photos are not measured yet.")
                : lb.t("No photo was held out, so nothing was measured: judge by the pictures."));
            this.likeness.update(result);
            this.heldOut.update(result);
            lb.setChoices(this.steps, steps.map((step) => ({value: String(step), text: lb.t("step {step}", {step: lb.number(step)})})), String(this.chosenStep(named, steps)));
            lb.show(this.steps, steps.length > 1);
            lb.show(this.average, Boolean(result.average));
            lb.show(this.publish, steps.length > 0);
            const another = Boolean(named) && named !== steps[steps.length - 1];
            lb.show(this.keep, another && !this.kept);
            lb.setClass(this.publish, "lb-primary", another && !this.kept);
            this.nameButton();
        }

        begin(result) {
            this.job = result.job;
            this.decision = "kept-" + result.job + "-" + result.file;
            this.kept = lb.remembered(this.decision, "localStorage") === "yes";
        }

        /** Once the user has chosen one, that; else what is recommended, else the last. */
        chosenStep(best, steps) {
            if (this.steps.lbTouched && this.touchedOf === this.job) return this.steps.value;
            return best && !this.kept ? best : steps[steps.length - 1] || "";
        }

        /** The step that the user pointed at in the grid. */
        choose(step) {
            this.steps.value = String(step);
            this.steps.lbTouched = true;
            this.touchedOf = this.job;
            this.nameButton();
        }

        nameButton() {
            lb.setText(this.publish, this.steps.value ? lb.t("Publish step {step}", {step: lb.number(this.steps.value)}) : lb.t("Publish"));
        }

        /** The user's decision: it isn't asked again, and the last step is, or comes, in the Lora folder. */
        keepLast() {
            return this.app.act(this.keep, async () => {
                const last = this.result.saves[this.result.saves.length - 1];
                if (last !== this.result.published_step) await this.put({private: this.isPrivate.checked, step: last});
                else this.app.tell(lb.t("The last step, {step}, stays published.", {step: lb.number(last)}));
                this.kept = true;
                this.touchedOf = null;
                lb.remember(this.decision, "yes", "localStorage");
                this.app.update();
            });
        }

        send() {
            return this.app.act(this.publish, () => this.put({private: this.isPrivate.checked, average: Boolean(this.result.average) && this.isAverage.checked, step: Number(this.steps.value) || null}));
        }

        async put(body) {
            this.app.views.try.chosen = "job:" + this.job; // the new file shall not take its place
            const answer = await this.app.server.post("jobs/" + this.job + "/publish", body);
            this.app.tell([answer.sentence, ...(answer.notes || [])].map(lb.sentence).join(" "));
            lb.refreshCards(this.app);
            await this.app.load("loras", "loras");
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
