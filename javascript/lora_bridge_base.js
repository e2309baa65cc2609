// @ts-check
/* No base model is no dead end: where they are looked for, another file or folder, and the demo's own. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.BaseChooser = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.opener = lb.button(lb.t("Another file or folder"), () => this.open(), "link");
            this.title = lb.el("b", {});
            this.looked = lb.el("span", {});
            this.path = lb.field(lb.t("A .safetensors file, or a folder with some"), lb.el("input", {
                type: "text", autocomplete: "off", spellcheck: "false", onkeydown: (event) => { if (event.key === "Enter") this.use(); },
            }), true);
            this.go = lb.button(lb.t("Use it"), () => this.use());
            this.demo = lb.button(lb.t("Use the demo's tiny model"), () => this.useDemo());
            this.demoHint = lb.el("span", {class: "lb-dim lb-small"}, lb.t("It comes with LoRA Bridge and draws pictures of 64 x 64: enough to see the whole way."));
            this.form = lb.el("div", {}, lb.el("div", {class: "lb-with-button"}, this.path.node, this.go),
                lb.el("p", {class: "lb-start"}, this.demo, " ", this.demoHint));
            this.node = lb.el("section", {class: "lb-note lb-bases", hidden: true}, lb.el("p", {}, this.title, " ", this.looked), this.form);
        }

        open() {
            this.opened = !this.opened;
            this.app.update();
            if (this.opened && !this.form.hidden) this.path.input.focus();
        }

        use() {
            const path = this.path.input.value.trim();
            if (!path) return this.path.input.focus();
            return this.take(this.go, "bases", {path: path});
        }

        useDemo() {
            lb.setText(this.demo, lb.t("Making it ..."));
            return this.take(this.demo, "bases/demo", {});
        }

        take(button, path, body) {
            return this.app.act(button, async () => {
                try {
                    this.app.state.bases = await this.app.server.post(path, body);
                    this.app.views.train.chose = false;
                    this.path.input.value = "";
                    this.opened = false;
                    await this.app.loadDraft();
                } finally {
                    lb.setText(this.demo, lb.t("Use the demo's tiny model"));
                }
            });
        }

        update(bases, training) {
            const none = Boolean(bases && training) && !training.base && !bases.bases.some((base) => base.trainable);
            lb.show(this.opener, Boolean(bases) && !none);
            lb.show(this.node, none || Boolean(bases && this.opened));
            if (this.node.hidden) return;
            const host = this.app.state.host;
            lb.setText(this.title, none ? lb.t("No base model yet.") : lb.t("Another base model."));
            lb.setText(this.looked, bases.looked.length ? lb.t("We look in {folders}.", {folders: bases.looked.join(", ")}) : lb.t("We look in the WebUI's folder of models."));
            lb.show(this.form, !host || host.local !== false);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
