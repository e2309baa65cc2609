// @ts-check
/* Which captions are shown and selected, and changes to many of them at once, each with a preview. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.CaptionBulk = class {
        constructor(/** @type {LoraBridgeApp} */ app, filtered) {
            this.app = app;
            this.filtered = filtered;
            this.selected = new Set();
            this.filter = lb.el("select", {onchange: () => this.filtered()});
            lb.setChoices(this.filter, [
                {value: "all", text: lb.t("all")}, {value: "bare", text: lb.t("without own words")}, {value: "long", text: lb.t("over 75 tokens")},
                {value: "alike", text: lb.t("alike")}, {value: "reason", text: lb.t("the captioner wrote none")}, {value: "selected", text: lb.t("selected")},
            ], "all");
            this.search = lb.el("input", {type: "search", autocomplete: "off", oninput: () => this.filtered()});
            this.whose = lb.el("select", {onchange: () => this.filtered()});
            const labelled = (text, input) => {
                input.id = lb.newId();
                return [lb.el("label", {for: input.id}, text), input];
            };
            this.all = lb.button(lb.t("Select all shown"), () => this.select(this.shown.map((photo) => photo.id)), "small");
            this.none = lb.button(lb.t("Select none"), () => this.select([]), "small");
            this.status = lb.el("span", {class: "lb-dim", role: "status"});
            this.tools = this.buildTools();
            this.form = lb.el("form", {class: "lb-bulk", hidden: true, onsubmit: (event) => { event.preventDefault(); this.apply(); }});
            this.preview = new lb.CaptionPreview();
            this.keys = lb.el("p", {class: "lb-dim lb-small"}, lb.t("Keys: ↑ ↓ photo, Enter edit, Esc back, Space select, Ctrl+Z undo, Ctrl+Y redo."));
            this.several = lb.el("span", {hidden: true}, labelled(lb.t("Subject"), this.whose));
            this.node = lb.el("div", {}, lb.el("div", {class: "lb-which"}, labelled(lb.t("Show"), this.filter), this.several, labelled(lb.t("Search captions"), this.search), this.all, this.none, this.status), this.tools, this.form, this.preview.node, this.keys);
            this.shown = [];
            this.label();
        }

        buildTools() {
            const opens = (action, text) => lb.el("button", {type: "button", class: "lb-button lb-small", "aria-expanded": "false", onclick: (event) => this.openForm(action, event.currentTarget)}, text);
            this.undo = lb.button(lb.t("Undo"), () => this.change(this.undo, {action: "undo"}), "small");
            this.redo = lb.button(lb.t("Redo"), () => this.change(this.redo, {action: "redo"}), "small");
            this.add = opens("add", "");
            this.take = opens("remove", "");
            return lb.el("div", {class: "lb-tools"}, opens("replace", lb.t("Find and replace")), this.add, this.take, opens("front", lb.t("Move to front")),
                opens("dedupe", lb.t("Remove duplicates")), opens("table", lb.t("Paste, import, export")), this.undo, this.redo);
        }

        // ---- which ----

        /** The photos of `photos` that are meant, by the filter, the search and the chip. */
        of(/** @type {Rest.Photo[]} */ photos, tag) {
            const wanted = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
            const tagged = tag.toLowerCase();
            const alike = this.filter.value === "alike" ? lb.alikeCaptions(photos) : null;
            const tests = {
                all: () => true, bare: (photo) => !photo.own_caption, long: (photo) => (photo.tokens || 0) > 75, alike: (photo) => alike.has(photo.id),
                reason: (photo) => Boolean(photo.reason), selected: (photo) => this.selected.has(photo.id),
            };
            const test = tests[this.filter.value];
            const whose = Number(this.whose.value);
            const says = (text) => wanted.every((word) => text.includes(word)) && (!tagged || text.split(",").some((part) => part.trim() === tagged));
            const isSearched = wanted.length > 0 || tagged !== "";
            this.shown = photos.filter((photo) => test(photo) && (!whose || photo.subject === whose) && (!isSearched || says((photo.caption || "").toLowerCase())));
            this.label();
            return this.shown;
        }

        select(ids) {
            this.selected = new Set(ids);
            this.filtered(true);
        }

        toggle(id, on, until) {
            const ids = this.shown.map((photo) => photo.id);
            const [from, to] = [ids.indexOf(id), until ? ids.indexOf(until) : ids.indexOf(id)].sort((one, other) => one - other);
            for (const each of ids.slice(Math.max(0, from), to + 1)) {
                if (on) this.selected.add(each);
                else this.selected.delete(each);
            }
            this.filtered(true);
        }

        picked() {
            return [...this.selected];
        }

        label() {
            const n = this.selected.size;
            lb.setText(this.add, n ? lb.t("Add to {n} selected", {n: n}) : lb.t("Add to all"));
            lb.setText(this.take, n ? lb.t("Remove from {n} selected", {n: n}) : lb.t("Remove from all"));
            lb.setText(this.status, lb.t("{shown} shown, {n} selected", {shown: this.shown.length, n: n}));
            if (this.go) lb.setText(this.go, n ? lb.t("Apply to {n} selected", {n: n}) : lb.t("Apply to all"));
            this.none.disabled = !n;
        }

        // ---- what ----

        openForm(action, button) {
            const closing = this.action === action;
            for (const one of this.tools.children) if (one.hasAttribute("aria-expanded")) one.setAttribute("aria-expanded", "false");
            this.action = closing ? null : action;
            this.preview.take(null);
            lb.show(this.form, !closing);
            if (closing) return;
            button.setAttribute("aria-expanded", "true");
            this.fields = action === "table" ? this.tableFields() : this.fieldsOf(action);
            this.go = lb.el("button", {type: "submit", class: "lb-button lb-primary"});
            this.form.replaceChildren(...Object.values(this.fields).map((field) => field.node), this.go, ...(action === "table" ? this.tableButtons() : []));
            this.label();
            const first = Object.values(this.fields)[0];
            if (first) first.input.focus();
            this.soon();
        }

        fieldsOf(action) {
            const labels = {replace: lb.t("Find"), add: lb.t("Words to add"), remove: lb.t("Words to remove"), front: lb.t("Tag")};
            const input = () => lb.el("input", {type: "text", autocomplete: "off", oninput: () => this.soon()});
            const fields = {};
            if (labels[action]) fields.text = lb.field(labels[action], input());
            if (action === "replace") {
                fields.with = lb.field(lb.t("Replace with"), input());
                const box = lb.el("input", {type: "checkbox", id: lb.newId(), onchange: () => this.soon()});
                fields.regex = {input: box, node: lb.el("span", {class: "lb-check"}, box, lb.el("label", {for: box.id}, lb.t("regular expression")))};
            }
            if (action === "add") {
                fields.where = lb.field(lb.t("Where"), lb.el("select", {onchange: () => this.soon()},
                    lb.el("option", {value: "end"}, lb.t("at the end")), lb.el("option", {value: "start"}, lb.t("after the name"))));
            }
            return fields;
        }

        body() {
            const body = {action: this.action};
            for (const [name, field] of Object.entries(this.fields)) body[name] = field.input.type === "checkbox" ? field.input.checked : field.input.value;
            if (this.selected.size) body.photos = this.picked();
            return body;
        }

        isReady() {
            return !this.fields.text || Boolean(this.fields.text.input.value.trim());
        }

        /** Shows what would change, a moment after the last key. */
        soon() {
            clearTimeout(this.timer);
            if (this.action === "table") return;
            this.timer = setTimeout(async () => {
                if (!this.action || !this.isReady()) return this.preview.take(null);
                return this.preview.take(await this.app.server.post("draft/captions/preview", this.body()).catch(() => null));
            }, 300);
        }

        apply() {
            if (this.action === "table") return this.bring();
            if (!this.isReady()) return this.fields.text.input.focus();
            return this.change(this.go, this.body());
        }

        change(button, body) {
            return this.app.act(button, async () => {
                await this.app.saver.flush();
                await this.app.post("draft/captions", body);
                this.preview.take(null);
                this.app.say(lb.t("The captions are changed."));
            });
        }

        // ---- tables ----

        tableFields() {
            return {text: lb.field(lb.t("One caption per line, or a table with file and caption"), lb.el("textarea", {rows: 4, oninput: () => { this.isTable = false; }}), true)};
        }

        tableButtons() {
            const file = lb.el("input", {type: "file", accept: ".txt,.csv,.json", class: "lb-unseen", tabindex: "-1", "aria-label": lb.t("A table of captions"), onchange: () => this.read(file.files[0])});
            const out = ["txt", "csv", "json"].map((form) => lb.el("a", {class: "lb-button", href: this.app.server.url("draft/captions/export?form=" + form), download: "captions." + form}, lb.t("Save as .{form}", {form: form})));
            return [lb.button(lb.t("From a file"), () => file.click()), file, ...out];
        }

        async read(file) {
            if (!file) return;
            this.fields.text.input.value = decoded(await file.arrayBuffer());
            this.isTable = /\.(csv|json)$/i.test(file.name);
        }

        /** A table by its looks: JSON, CSV with a head, else a caption a line. */
        bring() {
            const text = this.fields.text.input.value;
            const hasHead = this.isTable || /^\s*"?file(_?name)?"?\s*[,;\t]/i.test(text);
            const form = /^\s*[[{]/.test(text) ? "json" : hasHead ? "csv" : "txt";
            const ids = form === "txt" ? (this.selected.size ? this.picked() : this.shown.map((photo) => photo.id)) : null;
            return this.app.act(this.go, async () => {
                await this.app.saver.flush();
                const answer = await this.app.post("draft/captions/import", {text: text, form: form, photos: ids});
                const notes = ((answer && answer.notes) || []).map(lb.sentence);
                this.app.tell([lb.t("The captions are changed."), ...notes].join(" "));
            });
        }

        /** The subjects to choose from, where there are several; one that is gone is chosen no more. */
        showSubjects(/** @type {Rest.Draft} */ draft) {
            const subjects = draft.subjects.length > 1 ? draft.subjects : [];
            const names = subjects.map((one) => ({value: String(one.id), text: [one.name, one.class_token].filter(Boolean).join(" ") || lb.t("no name yet")}));
            const there = names.some((one) => one.value === this.whose.value) ? this.whose.value : "";
            lb.setChoices(this.whose, [{value: "", text: lb.t("all")}, ...names], there);
            lb.show(this.several, names.length > 0);
        }

        update(/** @type {Rest.Draft} */ draft) {
            this.undo.disabled = draft.undo === 0 && !this.app.saver.isWaitingFor("photo "); // what is typed is saved first
            this.redo.disabled = draft.redo === 0;
        }
    };

    /** A text file's words: UTF-8, UTF-16 with its mark, else Windows-1252, as spreadsheets save. */
    function decoded(/** @type {ArrayBuffer} */ bytes) {
        const [first, second] = new Uint8Array(bytes);
        if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
        try {
            return new TextDecoder("utf-8", {fatal: true}).decode(bytes);
        } catch {
            return new TextDecoder("windows-1252").decode(bytes);
        }
    }

    /** The photos whose captions hold the same words as another's: a set of numbers. */
    lb.alikeCaptions = function (photos) {
        const groups = new Map();
        for (const photo of photos) {
            const key = [...new Set((photo.caption || "").toLowerCase().match(/[\p{L}\p{N}_]+/gu) || [])].sort().join(" ");
            if (!groups.has(key)) groups.set(key, []);
            groups.get(key).push(photo.id);
        }
        return new Set([...groups.values()].filter((group) => group.length > 1).flat());
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
