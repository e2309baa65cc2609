// @ts-check
/* Advanced: the options that people change, and a search over all the rest. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const MOST_FOUND = 40;

    /** The options that people change: [name, title, why]. */
    lb.mainOptions = () => [
        ["network_dim", lb.t("Rank"), lb.t("How much the LoRA can hold; 16 to 32 is enough for a person.")],
        ["network_alpha", lb.t("Alpha"), lb.t("The effect is scaled by alpha / rank; half the rank is usual.")],
        ["learning_rate", lb.t("Learning rate"), lb.t("For every part without one of its own. Too high overcooks the LoRA, too low learns nothing.")],
        ["unet_lr", lb.t("Learning rate of the U-Net"), lb.t("The part that draws.")],
        ["text_encoder_lr", lb.t("Learning rate of the text encoder"), lb.t("Half of the U-Net's, so that words keep their meaning.")],
        ["resolution", lb.t("Resolution"), lb.t("What the base was trained at: 512 for SD 1.5, 1024 for SDXL.")],
        ["train_batch_size", lb.t("Batch size"), lb.t("Photos per step; more is quicker and takes more memory.")],
        ["seed", lb.t("Seed"), lb.t("The same seed repeats a run.")],
        ["lr_scheduler", lb.t("Schedule"), lb.t("How the learning rate goes down towards the end.")],
        ["optimizer_type", lb.t("Optimizer"), lb.t("AdamW runs everywhere; AdamW8bit saves memory on NVIDIA GPUs.")],
        ["mixed_precision", lb.t("Precision"), lb.t("bf16 from RTX 30 on, fp16 on older GPUs.")],
    ];

    lb.Advanced = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("advanced", lb.t("Advanced"), () => this.opened());
            this.node = this.part.node;
            this.engine = lb.field(lb.t("Engine"), lb.el("select", {onchange: () => this.saveEngine()}));
            this.gpus = lb.field(lb.t("GPUs"), lb.el("input", {
                type: "text", autocomplete: "off", maxlength: 100, placeholder: "0,1",
                oninput: () => this.app.saveDraft("training.gpus", {training: {gpus: this.gpus.input.value.trim()}}, 500),
            }));
            this.published = new lb.PublishedStep(app);
            this.enough = new lb.EnoughTick(app);
            this.main = lb.el("div", {class: "lb-row lb-options"});
            this.search = lb.field(lb.t("Search all options"), lb.el("input", {
                type: "search", autocomplete: "off", placeholder: lb.t("a name or a word, such as noise"), oninput: () => this.searchSoon(),
            }), true);
            this.found = lb.el("div", {class: "lb-row lb-options"});
            this.part.body.append(lb.el("h4", {}, lb.t("Common options")), this.main, this.search.node, this.found);
            this.rows = new Map();
            this.options = new Map();
        }

        async opened() {
            if (this.total === undefined) await this.ask("");
            this.build();
            this.update();
        }

        /** After a set-up there are more options: they are asked for again. */
        forget() {
            this.total = undefined;
            if (this.node.open) this.opened();
        }

        async ask(text) {
            const answer = await this.app.load("options", "options?search=" + encodeURIComponent(text));
            if (!answer) return [];
            answer.options.forEach((option) => this.options.set(option.name, option));
            if (!text) this.total = answer.total;
            return answer.options;
        }

        /** Draws the fixed fields once their types are known. */
        build() {
            if (this.built) return;
            this.built = true;
            for (const [name, title, why] of lb.mainOptions()) this.main.append(this.row(name, title, why).node);
            this.main.append(this.engine.node, this.gpus.node, this.published.node, this.enough.node);
            lb.setText(this.gpus.hint, lb.t("GPU numbers, to use more than one: each step then sees a batch from every GPU. Empty: the usual one."));
            lb.setText(this.engine.hint, lb.t("sd-scripts if it is set up; embedded is our own, smaller engine."));
        }

        row(name, title, why) {
            const row = new lb.OptionRow(this, this.options.get(name) || {name: name, type: "str", default: null}, title, why);
            this.rows.set(row, name);
            return row;
        }

        searchSoon() {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.find(), 250);
        }

        async find() {
            const text = this.search.input.value.trim();
            const options = text ? await this.ask(text) : [];
            if (text !== this.search.input.value.trim()) return;
            const shown = options.slice(0, MOST_FOUND);
            this.showRows(shown.map((option) => option.name));
            lb.setText(this.search.hint, !text ? "" : options.length > MOST_FOUND
                ? lb.t("{n} found; the first {most} are shown", {n: options.length, most: MOST_FOUND}) : lb.t("{n} found", {n: options.length}));
        }

        showRows(names) {
            for (const [row] of [...this.rows]) if (this.found.contains(row.node)) this.rows.delete(row);
            this.found.replaceChildren(...names.map((name) => this.row(name, name, "").node));
            this.shownNames = names.join();
            this.update();
        }

        values() {
            const draft = this.app.state.draft;
            return (draft && draft.training.values) || {};
        }

        /** What holds where the user says nothing: the preset's value, else the option's own default. */
        default(name) {
            const preset = this.app.state.plan && this.app.state.plan.preset;
            if (preset && preset.values && name in preset.values) return {value: preset.values[name], by: "preset"};
            const option = this.options.get(name);
            return {value: option ? option.default : null, by: "default"};
        }

        save(name, value) {
            this.app.saveDraft("option." + name, {training: {values: {[name]: value}}}, value === null ? 0 : 500);
        }

        saveEngine() {
            this.app.saveDraft("training.engine", {training: {engine: this.engine.input.value || null}}, 0);
        }

        update() {
            const values = this.values();
            const changed = Object.keys(values).length;
            const plan = this.app.state.plan;
            const all = this.total === undefined ? "" : lb.t("{n} {n:option|options}", {n: this.total});
            const more = [all, changed ? lb.t("{n} changed", {n: changed}) : ""].filter(Boolean).join(", ");
            lb.setText(this.part.more, more && ": " + more);
            if (!this.node.open || !this.built) return;
            this.showEngines(plan);
            for (const part of this.app.state.draft ? [this.published, this.enough] : []) part.update(this.app.state.draft.training);
            this.showChanged(values);
            for (const [row, name] of this.rows) {
                const unsaved = this.app.saver.unsaved("draft option." + name);
                row.update((unsaved ? unsaved.training.values : values)[name], this.default(name));
            }
        }

        showEngines(/** @type {Rest.Plan} */ plan) {
            const engine = plan && plan.engine;
            const draft = this.app.state.draft;
            lb.setChoices(this.engine.input, [
                {value: "", text: engine ? lb.t("chosen for you: {engine}", {engine: engine}) : lb.t("chosen for you")},
                {value: "sd-scripts", text: "sd-scripts"}, {value: "embedded", text: "embedded"},
            ], draft && draft.training.engine);
            const unsaved = this.app.saver.unsaved("draft training.gpus");
            if (draft) lb.setValue(this.gpus.input, unsaved ? unsaved.training.gpus : draft.training.gpus);
        }

        /** Without a search, options that were changed and stand nowhere else are shown. */
        showChanged(values) {
            if (this.search.input.value.trim()) return;
            const main = lb.mainOptions().map((option) => option[0]);
            const others = Object.keys(values).filter((name) => !main.includes(name));
            if (others.join() === this.shownNames) return;
            if (this.found.contains(document.activeElement)) return;
            this.shownNames = others.join();
            this.showRows(others);
        }
    };

    /** One option: its title, its input, what holds without it, and a way back. */
    lb.OptionRow = class {
        constructor(advanced, option, title, why) {
            this.advanced = advanced;
            this.option = option;
            const help = lb.optionHelp(option);
            this.why = why || help.slice(0, 1).toUpperCase() + help.slice(1);
            this.field = lb.field(title, this.input());
            this.node = this.field.node;
            this.reset = lb.button(lb.t("Reset"), () => this.put(null), "tiny");
            this.mark = lb.el("span", {class: "lb-changed", hidden: true}, lb.t("changed"), " ", this.reset);
            const label = this.node.querySelector("label");
            if (title !== option.name) label.append(" ", lb.el("code", {}, option.name));
            this.node.insertBefore(lb.el("div", {class: "lb-option-head"}, label, this.mark), this.field.input);
        }

        input() {
            const choices = this.option.type === "bool" ? ["true", "false"] : this.option.choices;
            const changed = () => this.put(this.read());
            if (choices && choices.length) {
                this.isChoice = true;
                return lb.el("select", {onchange: changed}, lb.el("option", {value: ""}, ""),
                    ...choices.map((choice) => lb.el("option", {value: choice}, this.option.type === "bool" ? lb.value(choice === "true") : String(choice))));
            }
            const number = this.option.type === "int" || this.option.type === "float";
            return lb.el("input", {type: "text", autocomplete: "off", spellcheck: "false", inputmode: number ? "decimal" : null, oninput: changed});
        }

        /** What the input says, as the option's type; what can't be read goes as it is, and the server says what is wrong. */
        read() {
            const text = this.field.input.value.trim();
            if (!text) return null;
            if (this.option.type === "bool") return text === "true";
            if ((this.option.type === "int" || this.option.type === "float") && Number.isFinite(Number(text))) return Number(text);
            return text;
        }

        put(value) {
            this.advanced.save(this.option.name, value);
            lb.show(this.mark, value !== null);
            if (value === null) this.field.input.value = "";
        }

        update(value, standing) {
            const set = value !== undefined && value !== null;
            const words = lb.value(standing.value) || lb.t("none");
            lb.show(this.mark, set);
            const from = standing.by === "preset" ? lb.t("Preset: {value}.", {value: words}) : lb.t("Default: {value}.", {value: words});
            lb.setText(this.field.hint, from + (this.why ? " " + this.why : ""));
            if (this.isChoice) lb.setText(this.field.input.options[0], words);
            else lb.setAttribute(this.field.input, "placeholder", words);
            lb.setValue(this.field.input, set ? (typeof value === "boolean" ? String(value) : lb.valueForInput(value)) : "");
        }
    };

    /** An option's help in the user's language: ours is translated, sd-scripts' own is English and Japanese. */
    lb.optionHelp = (option) => (lb.language() === "ja" && option.help_ja) || lb.sentence(option.help || "");

    lb.valueForInput = (value) => (typeof value === "number" ? lb.value(value) : String(value));
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
