// @ts-check
/* Before a training starts: whether its LoRA is published privately, and which of its saved steps; whether it ends by itself. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** A tick beside Start. */
    lb.PrivateTick = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.input = lb.el("input", {type: "checkbox", class: "lb-tick", id: lb.newId(),
                onchange: () => app.saveDraft("training.private", {training: {private: this.input.checked}}, 0)});
            this.node = lb.el("label", {class: "lb-small", for: this.input.id}, this.input, " ", lb.t("publish it privately: no captions, paths or names inside the file"));
        }

        update(training) {
            this.input.checked = training.private;
        }
    };

    /** In Advanced: whether it ends by itself when it no longer gets better. */
    lb.EnoughTick = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.input = lb.el("input", {type: "checkbox", class: "lb-tick", id: lb.newId(),
                onchange: () => app.saveDraft("training.enough", {training: {enough: this.input.checked}}, 0)});
            this.node = lb.el("label", {class: "lb-small lb-field lb-wide", for: this.input.id}, this.input, " ", lb.t("end it when it no longer gets better, measured on held-out photos (the embedded engine only)"));
        }

        update(training) {
            this.input.checked = training.enough;
        }
    };

    /** In Advanced: the saved step that is published at the end. */
    lb.PublishedStep = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.input = lb.el("select", {onchange: () => app.saveDraft("training.publish", {training: {publish: this.input.value}}, 0)});
            this.field = lb.field(lb.t("Publish at the end"), this.input);
            this.node = this.field.node;
            lb.setText(this.field.hint, lb.t("The recommended step is measured on held-out photos; where nothing can be told, the last step is published."));
        }

        update(training) {
            const choices = [["", lb.t("as the settings say")], ["last", lb.t("the last step")], ["recommended", lb.t("the recommended step")]];
            lb.setChoices(this.input, choices.map(([value, text]) => ({value: value, text: text})), training.publish);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
