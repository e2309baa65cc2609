// @ts-check
/* Two windows on one draft: they hear of each other's changes, say them, and ask where both have typed. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** The same parts of the draft that `part` names, as they are now; an option that isn't set is null. */
    lb.partsNow = function (draft, part) {
        const now = {};
        for (const key of Object.keys(part)) {
            if (key !== "training") now[key] = draft[key];
            else now.training = Object.fromEntries(Object.keys(part.training).map((name) => [name, name !== "values" ? draft.training[name]
                : Object.fromEntries(Object.keys(part.training.values).map((option) => [option, option in draft.training.values ? draft.training.values[option] : null]))]));
        }
        return now;
    };

    /** The fields that are different in another draft: their keys, as Saver has them. */
    lb.changedFields = function (before, after) {
        const changed = before.name !== after.name ? ["name"] : [];
        if (before.class_token !== after.class_token) changed.push("class");
        const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
        const {values: had, ...plain} = before.training;
        const {values: has, ...others} = after.training;
        for (const key of Object.keys(others)) if (!same(plain[key], others[key])) changed.push("training." + key);
        for (const name of new Set([...Object.keys(had), ...Object.keys(has)])) if (!same(had[name], has[name])) changed.push("option." + name);
        return changed;
    };

    lb.Windows = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.text = lb.el("span", {});
            this.buttons = lb.el("span", {class: "lb-stops"});
            const close = lb.el("button", {type: "button", class: "lb-close", "aria-label": lb.t("Close"), onclick: () => lb.show(this.node, false)}, "×");
            this.node = lb.el("div", {class: "lb-note lb-windows", role: "status", hidden: true}, this.text, this.buttons, close);
            this.channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("lora-bridge") : null;
            if (this.channel) this.channel.onmessage = () => { this.app.wantDraft = true; this.app.wake(); };
        }

        /** Tells the browser's other windows that the draft is another one now. */
        tell() {
            if (this.channel) this.channel.postMessage("draft");
        }

        /** Says what another window has changed; what is being typed here is asked about when it is saved. */
        heard(before, after) {
            const changed = lb.changedFields(before, after).filter((key) => !this.app.saver.unsaved("draft " + key));
            if (!changed.length) return;
            const labels = changed.map((key) => this.label(key)).join(", ");
            this.show(lb.t("Changed in another window: {fields}.", {fields: labels}), []);
        }

        /** Both have typed: keep what stands here, or take what came from there. */
        ask(entry, conflict, done) {
            const {field, here, there} = conflict.values;
            const choose = (keep) => {
                lb.show(this.node, false);
                done(keep);
            };
            this.show(lb.t("{field} was changed in another window, too.", {field: this.label(field)}), [
                lb.button(lb.t("Keep {value}", {value: here}), () => choose(true), "small"), lb.button(lb.t("Take {value}", {value: there}), () => choose(false), "small")]);
        }

        label(key) {
            const short = key.replace(/^(training\.values|training|option)\./, "");
            const fields = lb.fieldsOf(this.app);
            return fields[short] ? fields[short][1] : short === "caption" ? lb.t("A caption") : short;
        }

        show(text, buttons) {
            lb.setText(this.text, text);
            this.buttons.replaceChildren(...buttons);
            lb.show(this.node, true);
        }

        dispose() {
            if (this.channel) this.channel.close();
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
