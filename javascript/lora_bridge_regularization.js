// @ts-check
/* Regularization pictures: what they are, how many, and drawing them from the class word. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Regularization = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("regularization", lb.t("Regularization pictures"), () => this.update());
            const why = lb.el("p", {class: "lb-dim"}, lb.t("What the base model itself draws for the class word, trained beside your photos: the word stays what it was, while the name becomes your subject. Worth it if others of the class have to stay as they are, or for several subjects of one class. A run then needs twice the steps."));
            this.count = lb.field(lb.t("Pictures of each class"), lb.el("input", {type: "number", min: 1, max: 10000, step: 1}));
            this.count.node.classList.add("lb-short");
            this.webui = lb.button(lb.t("Draw with this WebUI"), () => this.ask(this.webui, {by: "webui"}));
            this.draw = lb.button(lb.t("Draw and use them"), () => this.ask(this.draw, {}));
            this.stopIt = lb.button(lb.t("Stop drawing"), () => this.stop(), "small");
            this.none = lb.button(lb.t("Train without"), () => this.ask(this.none, {count: 0}), "small");
            this.sets = lb.el("ul", {class: "lb-advice", "aria-live": "polite"});
            const deeds = lb.el("div", {class: "lb-start"}, this.count.node, this.webui, this.draw, this.stopIt, this.none);
            this.part.body.append(why, deeds, this.sets);
            this.node = this.part.node;
        }

        get known() {
            return (this.app.state.plan && this.app.state.plan.regularization) || [];
        }

        /** As many as help: images x repeats, at most 200. */
        usable() {
            return Math.max(1, ...this.known.map((one) => one.usable));
        }

        /** Draws what is missing, and trains with it; `how` says who draws, and how many instead of the field's number. */
        ask(button, how) {
            const count = Number(this.count.input.value) || this.usable();
            return this.answered(button, "draft/regularization", {count: count, ...how});
        }

        stop() {
            return this.answered(this.stopIt, "draft/regularization/stop", {});
        }

        answered(button, path, body) {
            return this.app.act(button, async () => {
                this.app.state.plan = await this.app.server.post(path, body);
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
            const drawing = this.known.some((one) => one.by);
            const host = this.app.state.host;
            const inWebUI = Boolean(host && host.can_send);
            lb.show(this.webui, inWebUI && !drawing);
            lb.show(this.draw, !drawing);
            lb.setText(this.draw, inWebUI ? lb.t("Draw with our own sampler") : lb.t("Draw and use them"));
            lb.show(this.stopIt, drawing);
            lb.show(this.none, wanted > 0);
            this.draw.disabled = this.webui.disabled = !this.known.length;
            lb.fillList(this.sets, this.known.map((one) => ({name: one.word, text: lb.classText(one)})), (one) => one.name, (one) => lb.el("li", {}, one.text));
            if (drawing) this.soon();
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

    /** "man: 40 drawn, up to 200 are of use · drawn by this WebUI; you can leave". */
    lb.classText = function (one) {
        const now = one.job ? lb.t("drawing (job {n})", {n: one.job}) : one.by ? lb.t("drawn by this WebUI; you can leave") : lb.sentence(one.sentence || "");
        return [lb.t("{word}: {n} drawn, up to {most} are of use", {word: one.word, n: one.drawn, most: one.usable}), now].filter(Boolean).join(" · ");
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
