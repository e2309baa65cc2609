// @ts-check
/* The tags of all captions as chips with counts, and what belongs to the person: shown, then removed. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const MOST = 40;

    lb.CaptionTags = class {
        constructor(/** @type {LoraBridgeApp} */ app, picked) {
            this.app = app;
            this.picked = picked;
            this.tag = "";
            this.chips = lb.el("ul", {class: "lb-chips lb-cloud", "aria-label": lb.t("Tags in the captions")});
            this.remove = lb.button(lb.t("Remove what belongs to the person ({n})", {n: 0}), () => this.open());
            this.why = lb.el("span", {class: "lb-dim lb-small"}, lb.t("What the captions leave out, the name learns; otherwise each prompt has to say it."));
            this.remove.classList.add("lb-small");
            this.ask = lb.el("p", {class: "lb-dim lb-small lb-asked"});
            this.box = lb.el("div", {class: "lb-preview", role: "region", "aria-label": lb.t("What belongs to the person"), hidden: true});
            this.person = lb.el("p", {hidden: true}, this.remove, " ", this.why);
            this.node = lb.el("div", {}, this.chips, this.person, this.box, this.ask);
        }

        /** Counts again, a moment after the last change, where somebody sees it. */
        later() {
            clearTimeout(this.timer);
            this.timer = setTimeout(async () => {
                const seen = await this.app.server.newest("draft/captions").catch(() => null);
                if (seen) this.take(seen);
            }, 400);
        }

        take(seen) {
            this.seen = seen;
            const shown = seen.tags.filter((tag) => tag.count > 1 || seen.tags.length <= MOST).slice(0, MOST);
            lb.fillList(this.chips, shown.map((tag) => ({...tag, on: tag.text === this.tag})), (tag) => tag.text, (tag) => this.chip(tag));
            const n = seen.person.length;
            lb.show(this.person, n > 0);
            lb.setText(this.remove, lb.t("Remove what belongs to the person ({n})", {n: n}));
            const words = {place: lb.t("the place"), light: lb.t("the light"), clothes: lb.t("the clothes"), pose: lb.t("the pose")};
            const missing = Object.entries(seen.asked_for).map(([name, count]) => lb.t("{what} in {n} of {all}", {what: words[name], n: count, all: seen.captions}));
            lb.setText(this.ask, missing.length ? lb.t("Not mentioned yet: {list}.", {list: missing.join(", ")}) : "");
            if (!n) lb.show(this.box, false);
        }

        chip(tag) {
            const button = lb.el("button", {
                type: "button", class: "lb-chip" + (tag.person ? " lb-of-person" : ""), "aria-pressed": tag.on ? "true" : "false", draggable: "true",
                title: tag.person ? lb.t("belongs to the person") : lb.t("Show these; drag it onto a caption to add it"),
                onclick: () => { this.tag = this.tag === tag.text ? "" : tag.text; this.take(this.seen); this.picked(); },
                ondragstart: (event) => { event.dataTransfer.setData("text/plain", tag.text); event.dataTransfer.setData("application/x-lora-tag", tag.text); },
            }, tag.text, " ", lb.el("span", {class: "lb-dim"}, String(tag.count)));
            return lb.el("li", {}, button);
        }

        /** Each word and each caption before it goes. */
        async open() {
            if (!this.box.hidden) return lb.show(this.box, false);
            const boxes = this.seen.person.map((word) => {
                const input = lb.el("input", {type: "checkbox", checked: true, id: lb.newId(), value: word.text, onchange: () => this.preview()});
                return lb.el("li", {class: "lb-check"}, input, lb.el("label", {for: input.id}, word.text, " ", lb.el("span", {class: "lb-dim"}, String(word.count))));
            });
            this.words = lb.el("ul", {class: "lb-chips"}, boxes);
            this.changes = new lb.CaptionPreview();
            this.do = lb.button(lb.t("Remove them"), () => this.apply(), "primary");
            this.box.replaceChildren(this.words, this.changes.node, lb.el("div", {class: "lb-tools"}, this.do, lb.button(lb.t("Keep them"), () => lb.show(this.box, false))));
            lb.show(this.box, true);
            await this.preview();
            this.do.focus();
            return undefined;
        }

        body() {
            return {action: "person", words: [...this.words.querySelectorAll("input:checked")].map((box) => box.value)};
        }

        async preview() {
            const body = this.body();
            this.do.disabled = !body.words.length;
            this.changes.take(body.words.length ? await this.app.server.post("draft/captions/preview", body).catch(() => null) : null);
        }

        apply() {
            return this.app.act(this.do, async () => {
                await this.app.saver.flush();
                await this.app.post("draft/captions", this.body());
                lb.show(this.box, false);
                this.app.say(lb.t("The captions are changed."));
            });
        }
    };

    /** What a change would do: how many captions, and the first of them before and after. */
    lb.CaptionPreview = class {
        constructor() {
            this.head = lb.el("p", {role: "status"});
            this.list = lb.el("ul", {class: "lb-changes"});
            this.node = lb.el("div", {hidden: true}, this.head, this.list);
        }

        take(answer) {
            lb.show(this.node, Boolean(answer));
            if (!answer) return;
            lb.setText(this.head, answer.count === 1 ? lb.t("1 caption changes:") : lb.t("{n} captions change:", {n: answer.count}));
            lb.fillList(this.list, answer.changes.slice(0, 8), (one) => one.id, (one) => lb.el("li", {},
                lb.el("b", {}, one.file), " ", lb.el("del", {class: "lb-dim"}, one.before), " ", lb.el("ins", {}, one.after)));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
