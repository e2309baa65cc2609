// @ts-check
/* What the page tells: errors and answers above the steps, a restart of the WebUI, and a line for who listens instead of looking. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Alert = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.live = lb.el("div", {class: "lb-unseen", role: "status", "aria-live": "polite"});
            this.list = lb.el("ul", {});
            const close = () => lb.el("button", {type: "button", class: "lb-close", "aria-label": lb.t("Close"), onclick: () => this.calm()}, "×");
            this.node = lb.el("div", {class: "lb-alert", role: "alert", hidden: true}, this.list, close());
            this.text = lb.el("span", {});
            this.told = lb.el("div", {class: "lb-alert lb-told", hidden: true}, this.text, close());
            const reload = lb.button(lb.t("Reload this page"), () => location.reload(), "small");
            this.restarted = lb.el("div", {class: "lb-alert", role: "alert", hidden: true},
                lb.el("span", {}, lb.t("The WebUI was restarted: reload this page to go on. What you typed is kept.")), reload);
        }

        /** For who listens: what is seen at its own place. */
        say(text) {
            lb.setText(this.live, text);
        }

        /** What came of an action, where nothing else on the page shows it; until the next action. */
        tell(text) {
            this.say(text);
            lb.setText(this.text, text);
            lb.show(this.told, Boolean(text));
        }

        /** Shows an error's sentences. */
        complain(error) {
            if (error.name === "AbortError") return;
            const sentences = error.sentences || [lb.t("The WebUI doesn't answer. What you typed is kept and sent again.")];
            this.isLost = !error.status && !error.sentences;
            if (this.isLost) this.app.failures = Math.max(1, this.app.failures);
            if (error.status === 403 && this.app.otherBoot) lb.show(this.restarted, true);
            else {
                lb.sentences(this.list, sentences);
                lb.show(this.node, true);
            }
        }

        calm() {
            this.isLost = false;
            lb.show(this.node, false);
            lb.show(this.told, false);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
