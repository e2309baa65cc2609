// @ts-check
/* Photos that are held out to measure the result: a button at each photo, and a line for all of them. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** At one photo. Its place is used again for other photos. */
    lb.HoldOut = class {
        /** `change(photo, what)` saves a choice. */
        constructor(change) {
            this.change = change;
            this.node = lb.button("", () => this.turn(), "small");
        }

        draw(/** @type {Rest.Photo} */ photo) {
            this.photo = photo;
            const can = photo.used && photo.can_be_used !== false && Boolean(photo.verdict);
            lb.show(this.node, can);
            const text = photo.held_out ? lb.t("Train on it") : lb.t("Hold out");
            lb.setText(this.node, text);
            lb.setAttribute(this.node, "aria-label", text + ": " + photo.file);
            this.node.title = photo.held_out ? lb.t("Another one is held out then (H)") : lb.t("Measure the result on this photo, and never train on it (H)");
        }

        turn() {
            if (!this.node.hidden) this.change(this.photo, {held_out: !this.photo.held_out});
        }

        /** The key H, with the cursor on the photo. */
        press(event) {
            if (event.key.toLowerCase() !== "h" || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            this.turn();
        }
    };

    /** Below the fields: how many photos are held out, and a switch. */
    lb.HeldOutLine = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.text = lb.el("span", {});
            this.off = lb.el("button", {type: "button", class: "lb-link", onclick: () => this.turn()});
            this.node = lb.el("span", {class: "lb-held-line"}, this.text, " ", this.off);
        }

        update(/** @type {Rest.Draft} */ draft) {
            const held = draft.photos.filter((photo) => photo.held_out).length;
            this.isOff = draft.training.held_out === "none";
            lb.setText(this.text, held ? lb.t("{n} of them {n:is|are} held out to measure the result.", {n: held}) : "");
            lb.setText(this.off, this.isOff ? lb.t("Hold photos out to measure the result") : lb.t("Hold none out"));
            lb.show(this.off, held > 0 || this.isOff);
        }

        turn() {
            this.app.act(this.off, () => this.app.post("draft", {training: {held_out: this.isOff ? "auto" : "none"}}));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
