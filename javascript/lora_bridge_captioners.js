// @ts-check
/* Who drafts the captions: the list of what was found, what the chosen one needs, and the button that starts it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** What can be chosen besides what was found. */
    const OWN = ["server", "folder", "command"];
    /** What of them is there again after a reload. */
    const KEPT = ["where", "model", "prompt"];
    const ASPECTS = ["distance", "pose", "clothes", "place", "light"];

    lb.Captioners = class {
        constructor(/** @type {LoraBridgeApp} */ app, selected) {
            this.app = app;
            this.selected = selected;
            this.found = [];
            this.go = lb.button(lb.t("Draft {n} captions", {n: 0}), () => this.start(), "primary");
            this.choice = lb.el("select", {onchange: () => this.chosen()});
            this.field = lb.field(lb.t("Captions by"), this.choice);
            this.look = lb.button(lb.t("Find servers on this machine"), () => this.servers(), "small");
            this.look.title = lb.t("Asks 127.0.0.1 at the ports of Ollama, LM Studio, llama.cpp and vLLM, and only now.");
            this.again = lb.el("input", {type: "checkbox", id: lb.newId(), onchange: () => this.count()});
            this.againNode = lb.el("span", {class: "lb-check", hidden: true}, this.again,
                lb.el("label", {for: this.again.id}, lb.t("also replace drafts that nobody has edited")));
            this.more = lb.el("div", {class: "lb-bulk", hidden: true});
            this.stop = lb.button(lb.t("Stop"), () => this.app.act(this.stop, () => this.app.server.post("jobs/" + this.app.state.draft.caption_job + "/stop", {now: false})), "small");
            this.drafting = lb.el("span", {class: "lb-dim", role: "status"});
            this.progress = lb.el("p", {hidden: true}, this.drafting, " ", this.stop);
            this.note = lb.el("p", {class: "lb-dim lb-small"}, lb.t("Captions written by hand are never replaced. A server gets the photos only when you press the button."));
            this.node = lb.el("div", {}, lb.el("div", {class: "lb-bulk"}, this.go, this.field.node, this.look, this.againNode), this.more, this.progress, this.note);
        }

        /** Asks once what lies here; nobody else is asked. */
        async opened() {
            if (this.asked) return;
            this.asked = true;
            const answer = await this.app.server.get("captioners").catch(() => null);
            if (!answer) this.asked = false;
            else this.take(answer.captioners);
        }

        servers() {
            return this.app.act(this.look, async () => {
                const answer = await this.app.server.post("captioners/look", {});
                this.take([...answer.captioners, ...this.found.filter((one) => one.kind !== "endpoint")]);
                const first = answer.captioners.find((one) => one.ready);
                if (first) this.choice.value = first.with;
                this.chosen();
                this.app.say(answer.captioners.length ? lb.t("{n} found.", {n: answer.captioners.length}) : lb.t("No server answers on this machine."));
            });
        }

        take(found) {
            this.found = found;
            const local = !this.app.state.host || this.app.state.host.local;
            const own = local ? [lb.t("A server: its address"), lb.t("A folder with a model"), lb.t("Your own command")] : [];
            const texts = {template: lb.t("Tick boxes")};
            const row = (one) => ({value: one.with, disabled: !one.ready, title: lb.sentence(one.why), text: (texts[one.kind] || lb.sentence(one.title)) + (one.ready ? "" : " (" + lb.t("not ready") + ")")});
            const choices = [...found.map(row), ...own.map((text, index) => ({value: OWN[index], text: text}))];
            const now = this.choice.value || this.kept().with;
            const first = found.find((one) => one.ready && one.kind !== "template") || found.find((one) => one.ready);
            lb.setChoices(this.choice, choices, choices.some((one) => one.value === now) && now ? now : first && first.with);
            lb.show(this.look, local);
            this.chosen();
        }

        /** The fields that the chosen one needs. */
        chosen() {
            const value = this.choice.value;
            const one = this.found.find((each) => each.with === value);
            const kind = one ? one.kind : value;
            if (this.kind !== kind + value) {
                this.kind = kind + value;
                this.fields = this.fieldsOf(kind, one);
                this.more.replaceChildren(...Object.values(this.fields).map((field) => field.node));
                this.fillKept(value);
            }
            lb.show(this.more, Object.keys(this.fields).length > 0);
            this.count();
        }

        fieldsOf(kind, one) {
            const text = (label, attributes) => lb.field(label, lb.el("input", {type: "text", autocomplete: "off", ...attributes}));
            if (kind === "template") return Object.fromEntries(ASPECTS.map((name) => [name, this.aspect(name)]));
            const fields = {};
            if (kind === "server") fields.where = text(lb.t("Address"), {placeholder: "http://127.0.0.1:11434/v1"});
            if (kind === "folder" && !one) fields.where = text(lb.t("Folder"));
            if (kind === "command" && !one) fields.where = text(lb.t("Command"), {placeholder: "python describe.py"});
            if (one && one.models && one.models.length) {
                fields.model = lb.field(lb.t("Model"), lb.el("select", {}, one.models.map((name) => lb.el("option", {value: name}, name))));
            } else if (kind === "server" || kind === "endpoint" || kind === "command") fields.model = text(lb.t("Model"));
            if (kind === "server") fields.key = lb.field(lb.t("Key, if it wants one"), lb.el("input", {type: "password", autocomplete: "off"}));
            if (kind === "server" || kind === "endpoint" || (kind !== "template" && kind !== "host" && !one)) {
                fields.prompt = text(lb.t("What it is asked"), {placeholder: lb.t("empty: our own prompt"), title: lb.t("In it {name}, {class} and {subject} (both) are those of whom the photo shows.")});
            }
            return fields;
        }

        /** What was used last in this browser session, but for a key; empty before. */
        kept() {
            return JSON.parse(lb.remembered("captioner") || "{}");
        }

        keep() {
            const found = this.found.find((one) => one.kind === "endpoint" && one.with === this.choice.value);
            const kept = found ? {with: "server", where: found.with} : {with: this.choice.value}; // it is found only when it is looked for
            for (const name of KEPT) if (this.fields[name]) kept[name] = this.fields[name].input.value;
            lb.remember("captioner", JSON.stringify(kept));
        }

        fillKept(value) {
            const kept = this.kept();
            for (const name of KEPT) if (kept.with === value && kept[name] && this.fields[name]) this.fields[name].input.value = kept[name];
        }

        /** One aspect of the template, with what is usual for it. */
        aspect(name) {
            const labels = {distance: lb.t("Distance"), pose: lb.t("Pose"), clothes: lb.t("Clothes"), place: lb.t("Place"), light: lb.t("Light")};
            const usual = {
                distance: ["close-up", "head and shoulders", "half body", "full body"], pose: ["standing", "sitting", "walking", "looking at the camera"],
                clothes: ["grey shirt", "white t-shirt", "dark jacket"], place: ["in a park", "at home", "on a street", "plain background"],
                light: ["daylight", "soft window light", "evening light", "studio light"],
            };
            const list = lb.el("datalist", {id: lb.newId()}, usual[name].map((text) => lb.el("option", {value: text})));
            const field = lb.field(labels[name], lb.el("input", {type: "text", autocomplete: "off", list: list.id}));
            field.node.append(list);
            return field;
        }

        body() {
            const said = (name) => (this.fields[name] ? this.fields[name].input.value.trim() : "");
            const value = this.choice.value;
            const body = {with: OWN.includes(value) ? said("where") : value, again: this.again.checked};
            for (const name of ["model", "prompt", "key"]) if (said(name)) body[name] = said(name);
            if (value === "template") body.template = Object.fromEntries(ASPECTS.map((name) => [name, said(name)]));
            const picked = this.selected();
            if (picked.length) body.photos = picked;
            return body;
        }

        start() {
            const where = this.fields && this.fields.where;
            if (where && !where.input.value.trim()) return where.input.focus();
            return this.app.act(this.go, async () => {
                await this.app.saver.flush();
                this.keep();
                await this.app.post("draft/caption", this.body());
                this.app.say(lb.t("Captions are being drafted."));
                this.app.wake(true);
            });
        }

        /** How many would be drafted: the button says it. */
        count() {
            const draft = this.app.state.draft;
            if (!draft) return;
            const picked = new Set(this.selected());
            const mine = draft.photos.filter((photo) => photo.used && (!picked.size || picked.has(photo.id)));
            const bare = mine.filter((photo) => !photo.own_caption).length;
            const redone = mine.filter((photo) => photo.own_caption && !photo.edited && !["", "hand", "file"].includes(photo.by)).length;
            lb.show(this.againNode, redone > 0);
            const n = bare + (this.again.checked ? redone : 0);
            lb.setText(this.go, n === 1 ? lb.t("Draft 1 caption") : lb.t("Draft {n} captions", {n: n}));
            this.go.disabled = !n || Boolean(draft.drafting) || !this.choice.value;
        }

        update(/** @type {Rest.Draft} */ draft) {
            this.count();
            lb.show(this.progress, Boolean(draft.drafting));
            if (draft.drafting) lb.setText(this.drafting, lb.t("Drafting: {done} of {total}", draft.drafting));
            lb.show(this.stop, Boolean(draft.caption_job));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
