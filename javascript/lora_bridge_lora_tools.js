// @ts-check
/* In step 4: what is inside a LoRA, and sd-scripts' own programs on it, as jobs: resize, merge, extract. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** Which fields an action has. */
    const FIELDS = {resize: ["rank"], merge: ["other", "weights", "rank"], into: ["into", "weights"], extract: ["tuned", "from", "rank"]};

    /** What is said where one of them is empty. */
    const NEEDED = {
        other: () => lb.t("There is no other LoRA to merge with."), into: () => lb.t("Give the path of the base model to merge into."),
        tuned: () => lb.t("Give the path of the tuned model."), from: () => lb.t("Give the path of the base that was tuned."),
    };

    /** The folder that a LoRA's name counts from: "/loras/people/Ada.safetensors" and "people/Ada.safetensors" give "/loras/". */
    lb.folderOf = (path, name) => path.slice(0, path.length - name.length);

    /** What POST lora is asked. `file`: the LoRA's path; `said`: the fields' texts. */
    lb.loraWork = function (action, file, said) {
        const weights = (said.weights || "").split(/[\s,]+/).filter(Boolean).map(Number);
        const body = {action: action === "into" ? "merge" : action, files: [action === "extract" ? said.tuned : file]};
        if (action === "merge") body.files.push(said.other);
        if (action === "into") body.into = said.into;
        if (action === "extract") body.from = said.from;
        if (weights.length && FIELDS[action].includes("weights")) body.weights = weights;
        if (said.rank && FIELDS[action].includes("rank")) body.rank = Number(said.rank);
        if (said.name) body.name = said.name;
        return body;
    };

    lb.LoraTools = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("lora-tools", lb.t("LoRA tools: verify, resize, merge, extract"));
            const text = (more) => lb.el("input", {type: "text", autocomplete: "off", spellcheck: "false", ...more});
            this.action = lb.field(lb.t("What to do"), lb.el("select", {onchange: () => this.showFields()}, ...lb.loraActions().map(([value, said]) => lb.el("option", {value: value}, said))));
            this.fields = {
                rank: lb.field(lb.t("Rank of the result"), lb.el("input", {type: "number", min: 1, max: 1024, step: 1, inputmode: "numeric"})),
                other: lb.field(lb.t("The other LoRA"), lb.el("select", {})),
                weights: lb.field(lb.t("Weights, one for each LoRA"), text({placeholder: "1, 1"})),
                into: lb.field(lb.t("Base model to merge into (its path)"), text({}), true),
                tuned: lb.field(lb.t("Tuned model (its path)"), text({}), true),
                from: lb.field(lb.t("Base that was tuned (its path)"), text({}), true),
                name: lb.field(lb.t("Name of the result"), text({maxlength: 64})),
            };
            this.start = lb.button(lb.t("Start"), () => this.send(), "small");
            this.verify = lb.button(lb.t("Verify"), () => this.look(), "small");
            this.found = lb.el("ul", {class: "lb-advice", hidden: true});
            this.far = lb.el("p", {class: "lb-dim", hidden: true}, lb.t("LoRAs are changed only on the computer that runs the WebUI."));
            this.work = lb.el("div", {}, lb.el("div", {class: "lb-row"}, this.action.node, ...Object.values(this.fields).map((field) => field.node)), lb.el("p", {class: "lb-start"}, this.start));
            this.part.body.append(lb.el("p", {class: "lb-start"}, this.verify), this.found, this.far, this.work);
            this.node = this.part.node;
            this.showFields();
        }

        update(/** @type {Rest.Result} */ result) {
            const loras = (this.app.state.loras && this.app.state.loras.loras) || [];
            const path = (result.file || "").replace(/\\/g, "/");
            const own = loras.find((one) => path.endsWith("/" + one.file));
            const host = this.app.state.host;
            const far = Boolean(host) && host.local === false;
            lb.show(this.node, Boolean(own));
            lb.show(this.far, far);
            this.nameStart();
            lb.show(this.work, !far);
            if (!own) return;
            if (this.file !== result.file) lb.show(this.found, false);
            this.file = result.file;
            this.name = own.file;
            const others = loras.filter((one) => one !== own).map((one) => ({value: lb.folderOf(result.file, own.file) + one.file, text: one.stem}));
            lb.setChoices(this.fields.other.input, others, lb.chosenOf(this.fields.other.input, others));
        }

        showFields() {
            const shown = [...FIELDS[this.action.input.value], "name"];
            this.start.lbJob = undefined;
            this.nameStart();
            for (const [name, field] of Object.entries(this.fields)) lb.show(field.node, shown.includes(name));
        }

        nameStart() {
            lb.nameWork(this.app, this.start, lb.t("Start"));
        }

        send() {
            const said = Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.input.value.trim()]));
            const empty = FIELDS[this.action.input.value].find((name) => NEEDED[name] && !said[name]);
            if (empty) {
                this.app.complain({sentences: [NEEDED[empty]()]});
                this.fields[empty].input.focus();
                return;
            }
            lb.queueWork(this.app, this.start, "lora", lb.loraWork(this.action.input.value, this.file, said));
        }

        look() {
            return this.app.act(this.verify, async () => {
                const found = await this.app.server.get("loras/verify?file=" + encodeURIComponent(this.name));
                lb.sentences(this.found, lb.verifiedParts(found));
                this.app.say(lb.verifiedParts(found)[0]);
            });
        }
    };

    lb.loraActions = () => [["resize", lb.t("Resize to a lower rank")], ["merge", lb.t("Merge with another LoRA")], ["into", lb.t("Merge into a base model")], ["extract", lb.t("Extract from a tuned model")]];

    /** What verify found, a sentence each. */
    lb.verifiedParts = function (found) {
        const list = (numbers) => numbers.join(", ");
        const host = found.unmatched === null ? lb.t("whether the WebUI has its layers is not known for this family") : found.unmatched.length ? lb.t("{n} modules find no layer", {n: found.unmatched.length})
            : lb.t("every module finds its layer");
        const norms = found.norms.map((one) => one.block + " " + (one.norm === null ? "?" : Number(one.norm.toPrecision(3)))).join(", ");
        return [
            found.whole ? lb.t("It is whole.") : lb.t("It is not whole."),
            lb.t("{family}, {network}: {modules} modules ({text} text encoder, {unet} U-Net); {host}.", {
                family: found.family_name, network: found.network, modules: found.modules, text: found.text_encoder_modules, unet: found.unet_modules, host: host}),
            lb.t("Rank {ranks}, alpha {alphas}, {dtype}, {finite}.", {ranks: list(found.ranks), alphas: list(found.alphas) || lb.t("as the rank"), dtype: found.dtype,
                finite: found.finite ? lb.t("all numbers finite") : lb.t("NOT all numbers finite")}),
            norms && lb.t("Norm of what each block adds at strength 1: {norms}.", {norms: norms}),
            ...found.problems.map(lb.sentence), ...found.notes.map(lb.sentence),
        ].filter(Boolean);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
