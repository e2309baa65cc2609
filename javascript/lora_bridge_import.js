// @ts-check
/* Import a config: what a file from elsewhere would train, key by key, and its settings into the draft. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const CONFIG = /\.(json|toml|safetensors|sh|bash|bat|cmd|ps1|ipynb|ya?ml)$/i;
    const MOST_BYTES = 100 * 1024 ** 2;

    /** Whether a file's name says that it holds settings. */
    lb.isConfig = (file) => CONFIG.test(file.name);

    /** What is sent of a file: of a LoRA only its header, where its settings are. */
    lb.frontOf = async function (file) {
        if (!/\.safetensors$/i.test(file.name) || file.size < 8) return file;
        const length = new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
        return length > BigInt(MOST_BYTES) ? file.slice(0, 64) : file.slice(0, 8 + Number(length));
    };

    /** Rows that share a reason, together: [[why, rows], ...]. */
    lb.byReason = function (rows) {
        const groups = new Map();
        for (const row of rows) groups.set(row.why, [...(groups.get(row.why) || []), row]);
        return [...groups];
    };

    lb.Import = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("import", lb.t("Import a config"), () => null);
            this.node = this.part.node;
            this.chooser = lb.el("input", {
                type: "file", multiple: true, accept: ".json,.toml,.safetensors,.sh,.bash,.bat,.cmd,.ps1,.ipynb,.yaml,.yml", hidden: true, tabindex: -1, "aria-hidden": "true",
                onchange: () => {
                    this.bring([...this.chooser.files]);
                    this.chooser.value = "";
                },
            });
            this.choose = lb.button(lb.t("Choose a file"), () => this.chooser.click());
            this.back = lb.button(lb.t("Take the import back"), () => this.takeBack());
            this.report = lb.el("div", {class: "lb-report", "aria-live": "polite", hidden: true});
            this.part.body.append(
                lb.el("p", {class: "lb-dim"}, lb.t("Drop it here: what kohya_ss saved (.json), a .toml of sd-scripts or LoRA Easy Training Scripts, any LoRA, a .sh, .bat or .ps1. Nothing changes until you confirm.")),
                lb.el("p", {class: "lb-start"}, this.choose, this.back, this.chooser), this.report);
        }

        /** Shows what the files say. */
        bring(files) {
            this.node.open = true;
            return this.app.act(this.choose, async () => {
                this.forget();
                const usable = files.filter(lb.isConfig);
                if (!usable.length) throw {sentences: [lb.t("This is not a config. Choose a .json, .toml, .safetensors, .sh, .bat or .ps1.")]};
                const large = usable.find((file) => !/\.safetensors$/i.test(file.name) && file.size > MOST_BYTES);
                if (large) throw {sentences: [lb.t("{file} is too large for settings.", {file: large.name})]};
                this.files = await Promise.all(usable.map(async (file) => ({file: await lb.frontOf(file), name: file.name})));
                this.show(await this.app.server.upload("import", this.files));
            });
        }

        use() {
            return this.app.act(this.confirm, async () => {
                await this.app.saver.flush();
                const answer = await this.app.server.upload("import", this.files, {apply: true});
                this.forget();
                await this.app.loadDraft();
                this.app.say(lb.t("The settings of {file} are in use.", {file: answer.file}));
                this.app.views.train.preset.input.lbTouched = false;
            });
        }

        takeBack() {
            return this.app.act(this.back, async () => {
                await this.app.saver.flush();
                await this.app.post("import/undo", {});
                this.app.say(lb.t("The choices from before the import are back."));
            });
        }

        forget() {
            this.files = null;
            this.report.replaceChildren();
            lb.show(this.report, false);
        }

        // ---- the report ----

        show(answer) {
            const rows = (fate) => answer.keys.filter((row) => row.fate === fate);
            const counts = lb.t("{used} used, {changed} changed, {ignored} ignored", answer.counts);
            this.confirm = lb.button(lb.t("Use these settings"), () => this.use(), "primary");
            this.report.replaceChildren(
                lb.el("p", {}, lb.el("b", {}, answer.file), ": " + lb.sentence(answer.kind) + "; " + counts + "."),
                this.sentences([...this.effects(answer), ...answer.draft.sentences.map(lb.sentence)]),
                lb.el("p", {class: "lb-start"}, this.confirm, lb.button(lb.t("Not now"), () => this.forget())),
                this.fold(lb.t("Changed"), rows("changed"), true), this.fold(lb.t("Ignored"), rows("ignored"), false), this.fold(lb.t("Used"), rows("used"), false),
                this.sentences(answer.notes.map(lb.sentence)));
            lb.show(this.report, true);
            this.report.scrollIntoView({block: "nearest"});
        }

        /** What else of the draft the file fills in. */
        effects(answer) {
            const draft = answer.draft;
            const count = Object.keys(draft.training.values || {}).length;
            return [
                draft.name && lb.t("Name: {name}", {name: [draft.name, draft.class_token].filter(Boolean).join(" ")}),
                draft.training.base && lb.t("Base model: {base}", {base: lb.bareTitle(draft.training.base)}),
                draft.training.lora_name && lb.t("LoRA name: {name}", {name: draft.training.lora_name}),
                draft.folder && lb.t("Photos: {folder}", {folder: draft.folder}),
                draft.training.preset && lb.t("Options: all {n} that differ from sd-scripts' defaults, in place of those in Advanced.", {n: count}),
            ].filter(Boolean);
        }

        sentences(texts) {
            return texts.length ? lb.el("ul", {class: "lb-advice"}, ...texts.map((text) => lb.el("li", {}, text))) : null;
        }

        /** One fate's keys, those with the same reason under it. */
        fold(title, rows, open) {
            if (!rows.length) return null;
            const groups = lb.byReason(rows).map(([why, some]) => lb.el("div", {class: "lb-keys"},
                why ? lb.el("p", {class: "lb-dim lb-small"}, lb.sentence(why)) : null,
                lb.el("ul", {}, ...some.map((row) => this.row(row)))));
            return lb.el("details", {class: "lb-part", open: open}, lb.el("summary", {}, title + " (" + rows.length + ")"), lb.el("div", {class: "lb-part-body"}, ...groups));
        }

        row(row) {
            const value = lb.shortened(lb.keyValue(row.value), 120);
            return lb.el("li", {}, lb.el("code", {}, row.key + " = " + value), row.to ? lb.el("span", {}, " → ", lb.el("code", {}, lb.shortened(lb.sentence(row.to), 120))) : null);
        }

        update() {
            const draft = this.app.state.draft;
            lb.show(this.back, Boolean(draft && draft.imported));
            lb.setText(this.part.more, draft && draft.imported ? ": " + lb.t("in use") : "");
        }
    };

    /** A file's own value, as it stands there. */
    lb.keyValue = (value) => (typeof value === "string" ? value : JSON.stringify(value));

    /** Calls `take` with the files that are let go over a node. */
    lb.acceptFiles = function (node, take) {
        let depth = 0;
        const files = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
        const over = (on) => lb.setClass(node, "lb-dropping", on);
        node.addEventListener("dragenter", (event) => { if (files(event)) { depth += 1; over(true); event.preventDefault(); } });
        node.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
        node.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) over(false); });
        node.addEventListener("drop", async (event) => {
            depth = 0;
            over(false);
            if (!files(event)) return;
            event.preventDefault();
            event.stopPropagation();
            take(await lb.droppedFiles(event.dataTransfer));
        });
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
