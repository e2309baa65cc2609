/* What stands behind the chosen preset: how long it trains, what it needs, why, and where its numbers come from. */
(function (lb) {
    "use strict";

    lb.About = class {
        constructor() {
            this.facts = lb.el("span", {});
            this.why = lb.el("p", {});
            this.options = lb.el("p", {class: "lb-small"});
            this.sources = lb.el("ul", {class: "lb-small"});
            this.sourcesTitle = lb.el("h4", {}, lb.t("Sources"));
            this.part = lb.part("preset", lb.t("Why these numbers"));
            this.part.body.append(this.why, lb.el("h4", {}, lb.t("Options")), this.options, this.sourcesTitle, this.sources);
            this.node = lb.el("div", {class: "lb-about", hidden: true}, lb.el("p", {class: "lb-dim lb-small", "aria-live": "polite"}, this.facts), this.part.node);
        }

        /** `plan` names the preset that is used, also where nobody has chosen one. */
        update(plan) {
            const preset = plan && plan.preset;
            lb.show(this.node, Boolean(preset));
            if (!preset) return;
            lb.setText(this.facts, lb.presetFacts(preset, plan).join(" "));
            lb.setText(this.part.more, ": " + lb.t("{preset}, version {n}", {preset: lb.sentence(preset.title), n: preset.version}));
            lb.setText(this.why, lb.sentence(preset.why));
            const warmup = preset.warmup ? [lb.t("warm-up {part} %", {part: Math.round(100 * preset.warmup)})] : [];
            lb.setText(this.options, [...Object.entries(preset.values).map(([name, value]) => name + " = " + lb.value(value)), ...warmup].join(", ") || lb.t("none"));
            lb.sentences(this.sources, preset.sources);
            lb.show(this.sourcesTitle, preset.sources.length > 0);
        }
    };

    /** Steps, minutes and memory of a preset, as far as they are known. */
    lb.presetFacts = function (preset, plan) {
        const shown = preset.pictures && {from: preset.pictures[0], to: preset.pictures[1]};
        return [
            shown ? lb.t("Made for {from} to {to} pictures shown in all.", shown) : "",
            plan.seconds ? lb.t("About {time}.", {time: lb.about(plan.seconds)}) : "",
            preset.memory ? lb.t("Memory: {text}", {text: lb.sentence(preset.memory)}) : "",
        ].filter(Boolean);
    };
})(globalThis.loraBridge = globalThis.loraBridge || {});
