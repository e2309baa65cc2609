// @ts-check
/* Step 2: one box per photo, saved as it is typed, and changes to all of them. */
(function (/** @type {any} */ lb) {
    "use strict";

    const LONGEST = 10000;

    lb.Captions = class {
        constructor(app) {
            this.app = app;
            this.tools = this.buildTools();
            this.form = lb.el("form", {class: "lb-bulk", hidden: true, onsubmit: (event) => { event.preventDefault(); this.apply(); }});
            this.hint = lb.el("p", {class: "lb-dim"}, lb.t("Describe what should stay changeable (clothes, place, light, pose). Leave out what belongs to the person."));
            this.empty = lb.el("p", {class: "lb-empty"}, lb.t("No photos yet: add them in step 1."));
            this.list = new lb.Windowed({
                label: lb.t("Captions"),
                columns: () => 1,
                height: (width) => (width < 560 ? 178 : 136),
                make: () => this.makeRow(),
                fill: (node, photo) => this.fillRow(node, photo),
            });
            this.list.node.classList.add("lb-captions");
            this.drafting = lb.el("p", {class: "lb-dim", role: "status", hidden: true});
            this.noDrafts = lb.el("p", {class: "lb-dim lb-small", hidden: true});
            this.advice = lb.el("ul", {class: "lb-advice"});
            this.foot = lb.el("div", {class: "lb-foot"}, app.next("train", lb.t("Next: train")));
            this.panel = lb.el("div", {}, this.tools, this.noDrafts, this.form, this.drafting, this.hint, this.advice, this.empty, this.list.node, this.foot);
        }

        buildTools() {
            const all = (action) => (event) => this.change(event.currentTarget, {action: action});
            const opens = (action, text) => lb.el("button", {
                type: "button", class: "lb-button", "aria-expanded": "false", onclick: (event) => this.openForm(action, event.currentTarget),
            }, text);
            this.undo = lb.button(lb.t("Undo"), all("undo"));
            this.draftAll = lb.button(lb.t("Draft all"), all("draft"));
            return lb.el("div", {class: "lb-tools"},
                this.draftAll, opens("replace", lb.t("Find and replace")),
                opens("add", lb.t("Add to all")), opens("remove", lb.t("Remove from all")), this.undo);
        }

        // ---- all captions ----

        openForm(action, button) {
            const closing = this.action === action;
            for (const one of this.tools.children) if (one.hasAttribute("aria-expanded")) one.setAttribute("aria-expanded", "false");
            this.action = closing ? null : action;
            lb.show(this.form, !closing);
            if (closing) return;
            button.setAttribute("aria-expanded", "true");
            const labels = {replace: lb.t("Find"), add: lb.t("Words to add"), remove: lb.t("Words to remove")};
            this.first = lb.field(labels[action], lb.el("input", {type: "text", autocomplete: "off"}));
            this.second = action === "replace" ? lb.field(lb.t("Replace with"), lb.el("input", {type: "text", autocomplete: "off"})) : null;
            this.where = action !== "add" ? null : lb.field(lb.t("Where"), lb.el("select", {},
                lb.el("option", {value: "end"}, lb.t("at the end")), lb.el("option", {value: "start"}, lb.t("after the name"))));
            this.go = lb.el("button", {type: "submit", class: "lb-button lb-primary"}, lb.t("Apply to all"));
            this.form.replaceChildren(this.first.node, ...[this.second, this.where].filter(Boolean).map((one) => one.node), this.go);
            this.first.input.focus();
        }

        apply() {
            const body = {action: this.action, text: this.first.input.value};
            if (!body.text.trim()) return this.first.input.focus();
            if (this.second) body.with = this.second.input.value;
            if (this.where) body.where = this.where.input.value;
            return this.change(this.go, body);
        }

        change(button, body) {
            return this.app.act(button, async () => {
                await this.app.saver.flush();
                await this.app.post("draft/captions", body);
                this.app.say(lb.t("The captions are changed."));
            });
        }

        // ---- one caption ----

        makeRow() {
            const parts = {image: lb.picture(), lost: lb.el("span", {class: "lb-no-picture", hidden: true}), remarks: lb.el("p", {class: "lb-remarks"})};
            parts.box = lb.el("textarea", {
                rows: 3, spellcheck: "true", maxlength: LONGEST, oninput: () => this.typed(parts),
                onblur: () => this.left(parts),
                onpaste: (event) => this.refuseLong(event, parts.box, event.clipboardData),
                ondrop: (event) => this.refuseLong(event, parts.box, event.dataTransfer),
            });
            const row = lb.el("div", {class: "lb-cell", role: "listitem"}, lb.el("div", {class: "lb-caption"},
                lb.el("span", {class: "lb-picture"}, parts.image, parts.lost), lb.el("div", {class: "lb-caption-text"}, parts.box, parts.remarks)));
            row.lbParts = parts;
            return row;
        }

        fillRow(node, photo) {
            const parts = node.lbParts;
            const same = parts.photo && parts.photo.id === photo.id;
            parts.photo = photo;
            this.app.views.photos.showPicture(parts, photo);
            const key = "photo " + photo.id;
            const unsaved = this.app.saver.unsaved(key);
            const text = unsaved ? unsaved.caption : photo.caption || "";
            if (parts.box.value !== text && !(same && document.activeElement === parts.box)) parts.box.value = text;
            parts.box.setAttribute("aria-label", lb.t("Caption of {file}", {file: photo.file}));
            this.remark(parts, unsaved ? null : photo.tokens);
        }

        /** A text that is no caption any more is refused as a whole, before it gets into the box: what was there stays. */
        refuseLong(event, box, brought) {
            const text = brought ? brought.getData("text") : "";
            if (box.value.length - (box.selectionEnd - box.selectionStart) + text.length <= LONGEST) return;
            event.preventDefault();
            const values = {n: text.length.toLocaleString(), most: LONGEST.toLocaleString()};
            this.app.complain({sentences: [lb.t("That text has {n} characters, and a caption can have {most}. The caption stays as it was.", values)]});
        }

        typed(parts) {
            const id = parts.photo.id;
            this.app.saver.later("photo " + id, "draft/photo/" + id, {caption: parts.box.value}, 600, {caption: parts.photo.caption});
            this.remark(parts, null);
        }

        /** Saves a box that is left, then shows the text as the server tidied it. */
        async left(parts) {
            const id = parts.photo.id;
            await this.app.saver.flush("photo " + id);
            if (parts.photo.id === id && document.activeElement !== parts.box && !this.app.saver.isWaiting("photo " + id)) {
                if (parts.box.value !== parts.photo.caption) parts.box.value = parts.photo.caption || "";
            }
        }

        /** What is said under a box; while the tokens of a new text aren't counted yet, the last count stands. */
        remark(parts, tokens) {
            const draft = this.app.state.draft;
            const known = typeof tokens === "number" ? tokens : parts.photo.tokens;
            const remarks = lb.captionRemarks(parts.box.value, draft && draft.name, known);
            lb.fillList(parts.remarks, remarks, (one, index) => index, (one) => lb.el("span", {class: one.kind ? "lb-" + one.kind : ""}, one.text));
        }

        opened() {
            this.list.later();
            this.app.planSoon();
        }

        /** What to mind about the captions, and why none can be drafted. */
        showAdvice(draft) {
            const {plan, host} = this.app.state;
            lb.sentences(this.advice, [...(draft.caption_advice || []), ...((plan && plan.caption_advice) || [])].map(lb.sentence));
            const without = host && host.no_interrogator;
            lb.show(this.draftAll, !without);
            lb.show(this.noDrafts, Boolean(without) && draft.photos.length > 0);
            lb.setText(this.noDrafts, lb.sentence(without));
        }

        update() {
            const draft = this.app.state.draft;
            if (!draft) return;
            if (this.source !== draft.photos || this.name !== draft.name) {
                this.source = draft.photos;
                const renamed = this.name !== draft.name;
                this.name = draft.name;
                const used = draft.photos.filter((photo) => photo.used);
                this.list.set(renamed ? used.map((photo) => ({...photo})) : used);
            }
            const drafting = draft.drafting;
            lb.show(this.drafting, Boolean(drafting));
            if (drafting) lb.setText(this.drafting, lb.t("Drafting: {done} of {total}", drafting));
            this.undo.disabled = draft.undo === 0;
            this.showAdvice(draft);
            const some = this.list.items.length > 0;
            lb.show(this.empty, !some);
            lb.show(this.list.node, some);
            lb.show(this.tools, some);
            lb.show(this.hint, some);
            lb.show(this.foot, some);
            lb.show(this.form, some && Boolean(this.action));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || {});
