// @ts-check
/* Several subjects in one LoRA: which one is shown, adding and removing them, how often each is shown. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** A row of subjects above the photos; with one subject only the way to add another. `changed` is called when another one is shown. */
    lb.Subjects = class {
        constructor(/** @type {LoraBridgeApp} */ app, changed) {
            this.app = app;
            this.changed = changed;
            this.current = 1;
            this.list = lb.el("span", {class: "lb-filters", role: "group", "aria-label": lb.t("Subjects")});
            this.repeats = lb.field(lb.t("Repeats"), lb.el("input", {
                type: "number", min: 1, step: 1, oninput: () => this.save({repeats: Number(this.repeats.input.value) || null}),
            }));
            this.repeats.node.classList.add("lb-short");
            this.remove = lb.button(lb.t("Remove this subject"), () => this.drop(), "small");
            this.row = lb.el("div", {class: "lb-subjects", hidden: true}, this.list, this.repeats.node, this.remove);
            this.add = lb.button(lb.t("Add another subject"), () => this.more(), "small");
            this.add.title = lb.t("Two or more subjects in one LoRA, each with its own name and photos.");
        }

        /** The one that is shown; null while there is no draft. */
        get own() {
            const draft = this.app.state.draft;
            return draft && (draft.subjects || []).find((one) => one.id === this.current);
        }

        get several() {
            return Boolean(this.app.state.draft) && this.app.state.draft.subjects.length > 1;
        }

        /** Saves a part of the one that is shown: the first one's name and class are the draft's own. */
        save(part) {
            const [field] = Object.keys(part);
            if (this.current === 1 && field !== "repeats") return this.app.saveDraft(field === "name" ? "name" : "class", part);
            return this.app.saver.later(this.key(field), "draft/subjects/" + this.current, part, 500);
        }

        key(field) {
            if (this.current === 1 && field !== "repeats") return "draft " + (field === "name" ? "name" : "class");
            return "draft subject " + this.current + " " + field;
        }

        /** What stands in a field: what is being saved, else what is known. */
        value(field) {
            const unsaved = this.app.saver.unsaved(this.key(field));
            return (unsaved || this.own || {})[field];
        }

        photos(all) {
            return this.several ? all.filter((photo) => photo.subject === this.current) : all;
        }

        show(id) {
            this.current = id;
            this.changed();
        }

        more() {
            return this.app.act(this.add, async () => {
                await this.app.post("draft/subjects", {});
                this.show(Math.max(...this.app.state.draft.subjects.map((one) => one.id)));
            });
        }

        drop() {
            if (!this.sure) {
                lb.setText(this.remove, lb.t("With its photos: sure?"));
                this.sure = setTimeout(() => this.calm(), 4000);
                return undefined;
            }
            this.calm();
            const gone = this.current;
            return this.app.act(this.remove, async () => {
                await this.app.post("draft/subjects/" + gone + "/remove", {});
                this.show(1);
            });
        }

        calm() {
            clearTimeout(this.sure);
            this.sure = null;
            lb.setText(this.remove, lb.t("Remove this subject"));
        }

        update(/** @type {Rest.Draft} */ draft) {
            if (!this.own) this.current = 1;
            lb.show(this.row, this.several);
            const counts = (id) => draft.photos.filter((photo) => photo.subject === id && photo.used).length;
            const shown = draft.subjects.map((one) => ({id: one.id, on: one.id === this.current, text: lb.subjectText(one, counts(one.id))}));
            lb.fillList(this.list, shown, (one) => one.id,
                (one) => lb.el("button", {type: "button", class: "lb-chip", "aria-pressed": one.on ? "true" : "false", onclick: () => this.show(one.id)}, one.text));
            lb.setValue(this.repeats.input, this.value("repeats") || "");
            this.repeats.input.placeholder = lb.t("balanced");
            lb.setText(this.repeats.hint, "");
        }
    };

    /** "Ada woman (10)". */
    lb.subjectText = (one, count) => ([one.name, one.class_token].filter(Boolean).join(" ") || lb.t("no name yet")) + " (" + count + ")";

    /** The name that a photo's caption begins with. */
    lb.nameOf = function (draft, photo) {
        const own = draft && (draft.subjects || []).find((one) => one.id === photo.subject);
        return own ? own.name : draft && draft.name;
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
