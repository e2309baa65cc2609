// @ts-check
/* Step 2: one box per photo, saved as it is typed, and the photo that is worked on large beside them. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const LONGEST = 10000;

    lb.Captions = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.captioners = new lb.Captioners(app, () => this.bulk.picked());
            this.tags = new lb.CaptionTags(app, () => this.filtered());
            this.bulk = new lb.CaptionBulk(app, (again) => this.filtered(again));
            this.hint = lb.el("p", {class: "lb-dim lb-small"}, lb.t("Describe what should stay changeable (clothes, place, light, pose). Leave out what belongs to the person."));
            this.empty = lb.el("p", {class: "lb-empty"}, lb.t("No photos yet: add them in step 1."));
            this.list = new lb.Windowed({
                label: lb.t("Captions"),
                columns: () => 1,
                height: (width) => (width < 560 ? 178 : 136),
                make: () => this.makeRow(),
                fill: (node, photo) => this.fillRow(node, photo),
            });
            this.list.node.classList.add("lb-captions");
            this.list.node.addEventListener("keydown", (event) => this.key(event));
            this.large = new lb.CaptionPhoto(app);
            this.advice = lb.el("ul", {class: "lb-advice"});
            this.foot = lb.el("div", {class: "lb-foot"}, app.next("train", lb.t("Next: train")));
            this.some = lb.el("div", {}, this.captioners.node, this.tags.node, this.bulk.node,
                lb.el("div", {class: "lb-beside"}, this.large.node, this.list.node), this.hint, this.advice);
            this.panel = lb.el("div", {}, this.some, this.empty, this.foot);
        }

        // ---- which one ----

        /** The list by filter, search and chip; `again` fills every row anew (their ticks have changed). */
        filtered(again) {
            const draft = this.app.state.draft;
            if (!draft) return;
            const items = this.bulk.of(this.used || [], this.tags.tag);
            this.list.set(again ? items.map((photo) => ({...photo})) : items);
            if (!items.some((photo) => photo.id === this.current)) this.current = items.length ? items[0].id : null;
            this.captioners.count();
            this.showCurrent();
        }

        showCurrent() {
            this.large.show(this.list.items.find((photo) => photo.id === this.current) || null);
            for (const [id, entry] of this.list.shown) lb.setAttribute(entry.node, "tabindex", id === this.current ? "0" : "-1");
        }

        choose(id) {
            if (this.current === id) return;
            this.current = id;
            this.showCurrent();
        }

        /** Keys of the list; in a box only Escape and, with Alt, the arrows. */
        key(event) {
            const typing = event.target.tagName === "TEXTAREA" || event.target.tagName === "INPUT";
            const move = {ArrowDown: 1, ArrowUp: -1}[event.key];
            const control = event.ctrlKey || event.metaKey;
            if (event.key === "Escape" && typing) this.reveal(this.current, false);
            else if (move && (!typing || event.altKey)) this.step(move, typing && event.altKey);
            else if (typing) return;
            else if (event.key === "Enter") this.reveal(this.current, true);
            else if (event.key === " ") this.bulk.toggle(this.current, !this.bulk.selected.has(this.current));
            else if (control && event.key.toLowerCase() === "z" && !event.shiftKey) this.bulk.change(this.bulk.undo, {action: "undo"});
            else if (control && (event.key.toLowerCase() === "y" || event.key.toLowerCase() === "z")) this.bulk.change(this.bulk.redo, {action: "redo"});
            else if (control && event.key.toLowerCase() === "a") this.bulk.select(this.bulk.shown.map((photo) => photo.id));
            else return;
            event.preventDefault();
        }

        step(by, typing) {
            const at = this.list.items.findIndex((photo) => photo.id === this.current);
            const next = this.list.items[Math.min(this.list.items.length - 1, Math.max(0, at + by))];
            if (!next) return;
            this.choose(next.id);
            this.reveal(next.id, typing);
        }

        /** Brings a row into sight and goes to it, or into its box. */
        reveal(id, inBox) {
            const place = this.list.items.findIndex((photo) => photo.id === id);
            if (place < 0) return;
            const height = this.list.options.height(this.list.node.clientWidth);
            const top = this.list.body.getBoundingClientRect().top + place * height;
            if (top < 80) window.scrollBy(0, top - 80);
            else if (top + height > window.innerHeight) window.scrollBy(0, top + height - window.innerHeight);
            this.list.draw();
            const entry = this.list.shown.get(id);
            if (entry) (inBox ? entry.node.lbParts.box : entry.node).focus({preventScroll: true});
        }

        // ---- one caption ----

        makeRow() {
            const parts = {image: lb.picture(), lost: lb.el("span", {class: "lb-no-picture", hidden: true}), remarks: lb.el("p", {class: "lb-remarks"})};
            parts.tick = lb.el("input", {type: "checkbox", class: "lb-tick", onclick: (event) => this.ticked(parts, event)});
            parts.box = lb.el("textarea", {
                rows: 3, spellcheck: "true", maxlength: LONGEST, oninput: () => this.typed(parts),
                onblur: () => this.left(parts),
                onpaste: (event) => this.refuseLong(event, parts.box, event.clipboardData),
                ondrop: (event) => this.dropped(event, parts),
                onfocus: () => this.choose(parts.photo.id),
            });
            const row = lb.el("div", {class: "lb-cell", role: "listitem"}, lb.el("div", {class: "lb-caption"},
                parts.tick, lb.el("span", {class: "lb-picture"}, parts.image, parts.lost), lb.el("div", {class: "lb-caption-text"}, parts.box, parts.remarks)));
            row.lbParts = parts;
            row.addEventListener("focus", () => this.choose(parts.photo.id));
            row.addEventListener("click", () => this.choose(parts.photo.id));
            return row;
        }

        /** With Shift from the last one that was ticked. */
        ticked(parts, event) {
            const id = parts.photo.id;
            this.bulk.toggle(id, event.currentTarget.checked, event.shiftKey ? this.lastTicked : null);
            this.lastTicked = id;
        }

        /** A chip that is dropped on a caption is added to it as a tag. */
        dropped(event, parts) {
            const tag = event.dataTransfer.getData("application/x-lora-tag");
            if (!tag) return this.refuseLong(event, parts.box, event.dataTransfer);
            event.preventDefault();
            return this.bulk.change(null, {action: "add", text: tag, photos: [parts.photo.id]});
        }

        fillRow(node, /** @type {Rest.Photo} */ photo) {
            const parts = node.lbParts;
            const same = parts.photo && parts.photo.id === photo.id;
            parts.photo = photo;
            this.app.views.photos.showPicture(parts, photo);
            const key = "photo " + photo.id;
            const unsaved = this.app.saver.unsaved(key);
            const text = unsaved ? unsaved.caption : photo.caption || "";
            if (parts.box.value !== text && !(same && document.activeElement === parts.box)) parts.box.value = text;
            parts.box.setAttribute("aria-label", lb.t("Caption of {file}", {file: photo.file}));
            parts.tick.setAttribute("aria-label", lb.t("Select {file}", {file: photo.file}));
            parts.tick.checked = this.bulk.selected.has(photo.id);
            lb.setAttribute(node, "tabindex", photo.id === this.current ? "0" : "-1");
            lb.setAttribute(node, "aria-label", photo.file);
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
            this.bulk.update(this.app.state.draft);
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
            const remarks = [...lb.captionRemarks(parts.box.value, lb.nameOf(draft, parts.photo), known), ...lb.authorRemarks(parts.photo)];
            lb.fillList(parts.remarks, remarks, (one, index) => index, (one) => lb.el("span", {class: one.kind ? "lb-" + one.kind : ""}, one.text));
        }

        opened() {
            this.list.later();
            this.captioners.opened();
            this.tags.later();
            this.app.planSoon();
        }

        /** What to mind about the captions. */
        showAdvice(/** @type {Rest.Draft} */ draft) {
            const plan = this.app.state.plan;
            lb.sentences(this.advice, [...(draft.caption_advice || []), ...((plan && plan.caption_advice) || [])].map(lb.sentence));
        }

        update() {
            const draft = this.app.state.draft;
            if (!draft) return;
            const before = this.bulk.whose.value;
            this.bulk.showSubjects(draft);
            if (this.source !== draft.photos || this.name !== draft.name || this.bulk.whose.value !== before) {
                this.source = draft.photos;
                const renamed = this.name !== draft.name;
                this.name = draft.name;
                this.used = draft.photos.filter((photo) => photo.used);
                this.filtered(renamed);
                this.tags.later();
            }
            this.bulk.update(draft);
            this.captioners.update(draft);
            this.showAdvice(draft);
            const some = this.used.length > 0;
            lb.show(this.empty, !some);
            lb.show(this.some, some);
            lb.show(this.foot, some);
        }
    };

    /** The photo that is worked on, large, and what is known of its caption. */
    lb.CaptionPhoto = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.parts = {image: lb.picture(), lost: lb.el("span", {class: "lb-no-picture", hidden: true})};
            this.name = lb.el("b", {});
            this.said = lb.el("p", {class: "lb-small"});
            this.chips = new lb.CaptionChips(app);
            this.node = lb.el("div", {class: "lb-large", hidden: true}, lb.el("span", {class: "lb-picture"}, this.parts.image, this.parts.lost), this.name, this.chips.node, this.said);
        }

        show(/** @type {Rest.Photo} */ photo) {
            lb.show(this.node, Boolean(photo));
            if (!photo || (this.photo && this.photo.id === photo.id && this.photo.caption === photo.caption && this.photo.reason === photo.reason)) return;
            this.photo = photo;
            this.app.views.photos.showPicture(this.parts, {...photo, thumb: photo.picture});
            lb.setText(this.name, photo.file);
            this.tell({missing: [], person: []});
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.ask(photo), 200);
        }

        /** What the caption says of the person, and what it doesn't say. */
        async ask(/** @type {Rest.Photo} */ photo) {
            const seen = photo.own_caption ? await this.app.server.get("draft/photo/" + photo.id + "/caption").catch(() => null) : null;
            if (seen && this.photo === photo) this.tell(seen);
        }

        tell(seen) {
            const photo = this.photo;
            const words = {place: lb.t("the place"), light: lb.t("the light"), clothes: lb.t("the clothes"), pose: lb.t("the pose")};
            const missing = seen.missing.map((name) => words[name]).join(", ");
            const lines = [photo.reason ? lb.t("The captioner wrote none: {why}.", {why: lb.sentence(photo.reason)}) : "", missing ? lb.t("Not mentioned yet: {list}.", {list: missing}) : ""];
            lb.setText(this.said, lines.filter(Boolean).join(" "));
            this.chips.show(photo, new Set(seen.person.map((text) => text.toLowerCase())));
        }
    };

    /** Who wrote a caption, as remarks under it. */
    lb.authorRemarks = function (photo) {
        const captioner = photo.by && !["hand", "file"].includes(photo.by);
        if (photo.reason) return [{text: lb.t("the captioner wrote none"), kind: "mind"}];
        if (!captioner) return [];
        return [{text: photo.edited ? lb.t("drafted by {who}, edited by you", {who: photo.by}) : lb.t("drafted by {who}", {who: photo.by}), kind: ""}];
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
