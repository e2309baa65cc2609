// @ts-check
/* The tags of one caption as chips: dragged or moved by keys to another place, taken out, and added from the cloud. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const TAG = "application/x-lora-tag";

    lb.CaptionChips = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.tags = [];
            this.dragged = null;
            this.node = lb.el("ul", {class: "lb-chips", "aria-label": lb.t("Tags of this caption"), ondragover: (event) => this.over(event), ondrop: (event) => this.dropped(event)});
        }

        /** `person`: the words in it that belong to the person, in small letters. */
        show(/** @type {Rest.Photo} */ photo, person) {
            this.latest = {photo: photo, person: person};
            if (this.dragged !== null) return; // what is dragged stays where it was taken
            this.photo = photo;
            this.person = person;
            this.text = this.now();
            this.tags = this.text.split(",").map((text) => text.trim()).filter(Boolean);
            this.draw();
        }

        /** The caption as it is typed or saved. */
        now() {
            const unsaved = this.app.saver.unsaved("photo " + this.photo.id);
            return (unsaved ? unsaved.caption : this.photo.caption) || "";
        }

        /** Whoever was on a chip is on that place afterwards, or on `to`. */
        draw(to) {
            const had = [...this.node.children].findIndex((one) => one.contains(document.activeElement));
            const items = this.tags.map((text, index) => ({text: text, index: index, person: this.person.has(text.toLowerCase().replace(/^(with|has|his|her) /, "")), fixed: this.isName(index)}));
            lb.fillList(this.node, items, (tag) => tag.index + tag.text, (tag) => lb.el("li", {}, this.chip(tag)));
            const chip = this.node.children[to === undefined ? had : to];
            if (chip && chip.firstElementChild instanceof HTMLButtonElement) chip.firstElementChild.focus();
        }

        /** The name stays in front. */
        isName(index) {
            return index === 0 && lb.beginsWith(this.tags[0] || "", lb.nameOf(this.app.state.draft, this.photo));
        }

        chip(tag) {
            const kind = "lb-chip" + (tag.person ? " lb-of-person" : "");
            if (tag.fixed) return lb.el("span", {class: kind}, tag.text);
            return lb.el("button", {
                type: "button", class: kind, draggable: "true", title: lb.t("Drag it to another place, or press ← or →; Delete takes it out"),
                ondragstart: (event) => { this.dragged = tag.index; event.dataTransfer.setData("text/plain", tag.text); event.dataTransfer.effectAllowed = "move"; },
                ondragend: () => { this.dragged = null; this.show(this.latest.photo, this.latest.person); },
                onkeydown: (event) => this.key(event, tag.index),
            }, tag.text);
        }

        key(event, index) {
            const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
            if (event.key === "Delete" || event.key === "Backspace") this.change(this.tags.filter((text, at) => at !== index), Math.min(index, this.tags.length - 2));
            else if (by) this.move(index, index + by);
            else return;
            event.preventDefault();
        }

        move(from, to) {
            if (to < 0 || to >= this.tags.length || this.isName(to)) return;
            const tags = this.tags.filter((text, at) => at !== from);
            tags.splice(to, 0, this.tags[from]);
            this.change(tags, to);
        }

        // ---- dragging ----

        over(event) {
            if (this.dragged === null && !event.dataTransfer.types.includes(TAG)) return;
            event.preventDefault();
        }

        /** At the place of the chip that it is dropped on; behind all of them where it is dropped beside them. */
        dropped(event) {
            const tag = event.dataTransfer.getData(TAG);
            if (this.dragged === null && !tag) return;
            event.preventDefault();
            const on = event.target.closest("li");
            const to = on ? [...this.node.children].indexOf(on) : this.tags.length;
            if (this.dragged !== null) this.move(this.dragged, Math.min(to + (this.isName(to) ? 1 : 0), this.tags.length - 1));
            else if (!this.tags.some((text) => text.toLowerCase() === tag.toLowerCase())) this.change([...this.tags.slice(0, to), tag, ...this.tags.slice(to)], to);
        }

        /** Saves the tags and goes to one of them; a caption that was typed meanwhile is shown instead. */
        change(tags, to) {
            if (this.now() !== this.text) return this.show(this.photo, this.person);
            const before = this.text;
            const path = "draft/photo/" + this.photo.id;
            this.tags = tags;
            this.text = tags.join(", ");
            this.app.saver.later("photo " + this.photo.id, path, {caption: this.text}, 0, {caption: before});
            return this.draw(to);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
