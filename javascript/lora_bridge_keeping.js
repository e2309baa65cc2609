// @ts-check
/* What a finished training keeps: the rule, how much the rest takes, and a button that frees it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Keeping = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.rule = lb.field(lb.t("A finished training keeps"), lb.el("select", {onchange: () => this.look()}), true);
            this.said = lb.el("p", {class: "lb-dim", role: "status"});
            this.free = lb.button(lb.t("Free it now"), () => app.act(this.free, () => this.tidy()), "small");
            this.node = lb.el("div", {class: "lb-keeping", hidden: true}, this.rule.node, this.said, this.free);
        }

        /** Asks how much the chosen rule would free, at first the one that holds. */
        async look() {
            const chosen = this.rule.input.value;
            const answer = await this.app.server.get("clean" + (chosen ? "?keep=" + chosen : "")).catch(() => null);
            if (answer && this.rule.input.value === chosen) this.take(answer);
        }

        async tidy() {
            const answer = await this.app.server.post("clean", {keep: this.rule.input.value});
            this.app.tell(lb.sentence(answer.sentence));
            this.take(answer);
            await this.look();
        }

        take(answer) {
            const chosen = this.rule.input.value || answer.keep;
            lb.setChoices(this.rule.input, answer.rules.map((rule) => ({value: rule.name, text: lb.sentence(rule.text)})), chosen);
            lb.setText(this.said, lb.sentence(answer.sentence));
            const other = chosen !== answer.keep;
            const change = answer.bytes > 0 ? lb.t("Keep only this from now on, and free the rest") : lb.t("Keep this from now on");
            lb.setText(this.free, other ? change : lb.t("Free it now"));
            lb.show(this.free, other || (answer.dry_run && answer.bytes > 0));
            lb.show(this.node, true);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
