// @ts-check
/* The preset, as two questions (what is it, how much memory), and what stands behind it: why, and where its numbers come from. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.PresetChoice = class {
        constructor(/** @type {LoraBridgeApp} */ app, save) {
            this.app = app;
            this.save = save;
            this.subject = lb.field(lb.t("What are you training?"), lb.el("select", {onchange: () => this.choose(this.subject.input.value)}));
            this.memory = lb.field(lb.t("GPU memory to stay within"), lb.el("select", {onchange: () => save(this.memory.input.value)}));
        }

        /** Another subject keeps the memory where it has a preset for that. */
        choose(subject) {
            const some = this.offered.filter((preset) => lb.subjectOf(preset) === subject);
            const same = some.find((preset) => preset.gigabytes === (this.used && this.used.gigabytes));
            const best = same || lb.bestFor(some, this.gigabytes) || {name: subject};
            this.save(best.name);
        }

        /** `chosen`: the preset's name in the draft, or as it was just chosen; null: the plan's own choice is shown. */
        update(presets, /** @type {Rest.Plan} */ plan, chosen) {
            if (!presets || !plan) {
                for (const one of [this.subject, this.memory]) lb.setChoices(one.input, [{value: "", text: lb.t("Loading ...")}], "");
                return;
            }
            const name = chosen || plan.preset.name;
            this.gigabytes = plan.gigabytes;
            this.used = presets.find((preset) => preset.name === name) || plan.preset;
            const fit = plan.presets.map((one) => presets.find((preset) => preset.name === one)).filter(Boolean);
            this.offered = fit.some((preset) => preset.name === name) ? fit : [this.used, ...fit];
            const subjects = [...new Set(this.offered.map(lb.subjectOf))];
            lb.setChoices(this.subject.input, subjects.map((one) => ({value: one, text: this.subjectText(one)})), lb.subjectOf(this.used));
            const some = this.offered.filter((preset) => lb.subjectOf(preset) === lb.subjectOf(this.used));
            const mine = lb.bestFor(some, this.gigabytes);
            lb.setChoices(this.memory.input, some.map((preset) => ({value: preset.name, text: this.memoryText(preset, preset === mine)})), this.used.name);
            lb.show(this.memory.node, some.some((preset) => preset.gigabytes));
        }

        subjectText(subject) {
            const words = {person: lb.t("a person"), style: lb.t("a style"), object: lb.t("an object")};
            const preset = this.offered.find((one) => lb.subjectOf(one) === subject);
            return words[subject] || lb.sentence(preset.title);
        }

        memoryText(preset, mine) {
            if (!preset.gigabytes) return lb.t("no limit");
            return mine && this.gigabytes ? lb.t("{n} GB (this GPU)", {n: preset.gigabytes}) : lb.t("{n} GB", {n: preset.gigabytes});
        }
    };

    lb.subjectOf = (preset) => preset.subject || preset.name;

    /** Of presets in order of memory, the largest that a GPU has room for; without a GPU that is known, the one without a limit. */
    lb.bestFor = function (presets, gigabytes) {
        if (!gigabytes) return presets.find((preset) => !preset.gigabytes) || presets[0];
        const sized = presets.filter((preset) => preset.gigabytes);
        return sized.filter((preset) => preset.gigabytes <= gigabytes).pop() || sized[0] || presets[0];
    };

    lb.About = class {
        constructor() {
            this.facts = lb.el("p", {class: "lb-dim lb-small", "aria-live": "polite"});
            this.why = lb.el("p", {});
            this.options = lb.el("p", {class: "lb-small"});
            this.sources = lb.el("ul", {class: "lb-small"});
            this.sourcesTitle = lb.el("h4", {}, lb.t("Sources"));
            this.part = lb.part("preset", lb.t("Why these numbers"));
            this.part.body.append(this.why, lb.el("h4", {}, lb.t("Options")), this.options, this.sourcesTitle, this.sources);
            this.node = lb.el("div", {class: "lb-about", hidden: true}, this.facts, this.part.node);
        }

        /** `plan` names the preset that is used, also where nobody has chosen one. */
        update(/** @type {Rest.Plan} */ plan) {
            const preset = plan && plan.preset;
            lb.show(this.node, Boolean(preset));
            if (!preset) return;
            lb.setText(this.facts, lb.presetFacts(preset).join(" "));
            lb.show(this.facts, Boolean(this.facts.textContent));
            lb.setText(this.part.more, ": " + lb.t("{preset}, version {n}", {preset: lb.sentence(preset.title), n: preset.version}));
            lb.setText(this.why, lb.sentence(preset.why));
            const warmup = preset.warmup ? [lb.t("warm-up {part} %", {part: Math.round(100 * preset.warmup)})] : [];
            lb.setText(this.options, [...Object.entries(preset.values).map(([name, value]) => name + " = " + lb.value(value)), ...warmup].join(", ") || lb.t("none"));
            lb.sentences(this.sources, preset.sources);
            lb.show(this.sourcesTitle, preset.sources.length > 0);
        }
    };

    /** Steps and memory of a preset, as far as they are known; the minutes stand at the top. */
    lb.presetFacts = function (preset) {
        const shown = preset.pictures && {from: preset.pictures[0], to: preset.pictures[1]};
        return [
            shown ? lb.t("Made for {from} to {to} pictures shown in all.", shown) : "",
            preset.memory ? lb.t("Memory: {text}", {text: lb.sentence(preset.memory)}) : "",
        ].filter(Boolean);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
