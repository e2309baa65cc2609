// @ts-check
/* In step 4, closed until wanted: compare with another run, the LoRA's card, forget the photos. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.AfterTraining = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.compare = new lb.CompareRuns(app);
            this.card = new lb.CardEditor(app);
            this.forget = new lb.ForgetPhotos(app);
            this.node = lb.el("div", {class: "lb-after", hidden: true}, this.compare.part.node, this.card.part.node, this.forget.part.node);
        }

        update(/** @type {Rest.Result} */ result) {
            lb.show(this.node, Boolean(result.job));
            if (!result.job) return;
            for (const one of [this.compare, this.card, this.forget]) one.update(result);
        }
    };

    // ---- its card ----

    lb.CardEditor = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("card", lb.t("Card: picture, words, weight"), () => this.ask());
            this.words = lb.field(lb.t("Activation text"), lb.el("input", {type: "text", maxlength: 1000, autocomplete: "off", spellcheck: "false"}), true);
            this.weight = lb.field(lb.t("Preferred weight"), lb.el("input", {type: "number", min: 0, max: 2, step: 0.05}));
            this.negative = lb.field(lb.t("Negative prompt"), lb.el("input", {type: "text", maxlength: 2000, autocomplete: "off", spellcheck: "false"}), true);
            this.picture = lb.field(lb.t("Picture"), lb.el("select", {}));
            this.notes = lb.field(lb.t("Notes"), lb.el("textarea", {rows: 4, maxlength: 10000}));
            this.save = lb.button(lb.t("Save the card"), () => this.send(), "small");
            this.part.body.append(lb.el("div", {class: "lb-row"}, this.words.node, this.weight.node, this.picture.node), lb.el("div", {class: "lb-row"}, this.negative.node), this.notes.node, lb.el("p", {class: "lb-start"}, this.save));
        }

        update(/** @type {Rest.Result} */ result) {
            const strip = result.strip;
            const samples = (result.samples || []).map((sample, at) => ({value: "samples/" + at, text: lb.t("sample {n}, step {step}", {n: at + 1, step: lb.number(sample.step)})}));
            const choices = [{value: "", text: lb.t("as it is")}, ...(strip ? samples.filter((_, at) => result.samples[at].step > 0) : []), ...(result.forgotten ? [] : [{value: "photo", text: lb.t("the first training photo")}])];
            lb.setChoices(this.picture.input, choices, this.picture.input.value);
            if (result.job === this.job) return;
            this.job = result.job;
            if (this.part.node.open) this.ask();
        }

        async ask() {
            try {
                const card = await this.app.server.newest("jobs/" + this.job + "/card", "card");
                if (card) this.show(card);
            } catch (error) {
                this.app.complain(error);
            }
        }

        show(card) {
            lb.setValue(this.words.input, card.activation_text);
            lb.setValue(this.weight.input, card.weight);
            lb.setValue(this.negative.input, card.negative);
            lb.setValue(this.notes.input, card.notes);
            this.picture.input.value = "";
        }

        send() {
            const body = {activation_text: this.words.input.value, weight: Number(this.weight.input.value), negative: this.negative.input.value, notes: this.notes.input.value, picture: this.picture.input.value || null};
            return this.app.act(this.save, async () => {
                this.show(await this.app.server.post("jobs/" + this.job + "/card", body));
                this.app.tell(lb.t("The card is saved."));
                lb.refreshCards(this.app);
            });
        }
    };

    // ---- its photos ----

    lb.ForgetPhotos = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("forget", lb.t("Forget this job's photos"));
            this.button = lb.button(lb.t("Forget the photos"), () => this.askTwice(), "small");
            this.part.body.append(lb.el("p", {class: "lb-dim"}, lb.t("Deletes everything that LoRA Bridge holds of this job's photos: copies, captions, samples, saved states, log. Your own photos and the LoRA stay.")), lb.el("p", {class: "lb-start"}, this.button));
        }

        update(/** @type {Rest.Result} */ result) {
            lb.show(this.part.node, !result.forgotten);
            if (result === this.result) return;
            if (result.job !== this.job) this.calm();
            this.job = result.job;
            this.result = result;
            this.look();
        }

        /** How much it would free, beside the heading; nothing where it can't be told now. */
        async look() {
            const path = "jobs/" + this.job + "/forget";
            const found = await this.app.server.newest(path, "forget").catch(() => ({bytes: 0}));
            const size = found && found.bytes > 0 && lb.messageOf(found.sentence).values.size;
            if (found) lb.setText(this.part.more, size ? " (" + size + ")" : "");
        }

        calm() {
            clearTimeout(this.asked);
            this.asked = null;
            lb.setText(this.button, lb.t("Forget the photos"));
        }

        askTwice() {
            if (!this.asked) {
                this.asked = setTimeout(() => this.calm(), 4000);
                lb.setText(this.button, lb.t("Forget the photos: sure?"));
                return;
            }
            this.calm();
            this.app.act(this.button, async () => {
                const answer = await this.app.server.post("jobs/" + this.job + "/forget", {});
                this.app.tell([answer.sentence, ...(answer.notes || [])].map(lb.sentence).join(" "));
                this.app.views.try.opened();
                this.app.update();
            });
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
