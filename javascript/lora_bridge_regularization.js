// @ts-check
/* Regularization pictures: what they are, how many, and drawing them from the class word. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Regularization = class {
        constructor(app) {
            this.app = app;
            this.part = lb.part("regularization", lb.t("Regularization pictures"), () => this.update());
            const why = lb.el("p", {class: "lb-dim"}, lb.t("What the base model itself draws for the class word, trained beside your photos: the word stays what it was, while the name becomes your subject. Worth it if others of the class have to stay as they are, or for several subjects of one class. A run then needs twice the steps."));
            this.count = lb.field(lb.t("Pictures of each class"), lb.el("input", {type: "number", min: 1, max: 10000, step: 1}));
            this.draw = lb.button(lb.t("Draw and use them"), () => this.ask(Number(this.count.input.value) || this.usable()));
            this.none = lb.button(lb.t("Train without"), () => this.ask(0), "small");
            this.sets = lb.el("ul", {class: "lb-advice"});
            this.part.body.append(why, lb.el("div", {class: "lb-start"}, this.count.node, this.draw, " ", this.none), this.sets);
            this.node = this.part.node;
        }

        get known() {
            return (this.app.state.plan && this.app.state.plan.regularization) || [];
        }

        /** As many as help: images x repeats, at most 200. */
        usable() {
            return Math.max(1, ...this.known.map((one) => one.usable));
        }

        ask(count) {
            return this.app.act(count ? this.draw : this.none, async () => {
                this.app.state.plan = await this.app.server.post("draft/regularization", {count: count});
                this.app.wantDraft = true;
                this.update();
            });
        }

        update() {
            const draft = this.app.state.draft;
            if (!draft) return;
            const wanted = draft.training.regularization;
            lb.setText(this.part.more, wanted ? " " + lb.t("{n} of each class", {n: wanted}) : "");
            if (!this.node.open) return;
            this.count.input.placeholder = String(this.usable());
            if (document.activeElement !== this.count.input) lb.setValue(this.count.input, wanted || "");
            lb.show(this.none, wanted > 0);
            this.draw.disabled = !this.known.length;
            lb.fillList(this.sets, this.known.map((one) => ({name: one.word, text: lb.classText(one)})), (one) => one.name, (one) => lb.el("li", {}, one.text));
            if (this.known.some((one) => one.job)) this.soon();
        }

        /** While they are drawn, how many there are is asked again. */
        soon() {
            if (this.timer) return;
            this.timer = setTimeout(() => {
                this.timer = null;
                this.app.planSoon();
            }, 2000);
        }
    };

    /** "man: 40 drawn (up to 200 are of use), drawing". */
    lb.classText = (one) => lb.t("{word}: {n} drawn, up to {most} are of use", {word: one.word, n: one.drawn, most: one.usable}) + (one.job ? " · " + lb.t("drawing (job {n})", {n: one.job}) : "");
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
