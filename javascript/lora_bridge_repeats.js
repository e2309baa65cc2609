// @ts-check
/* One photo's own repeats: a small button in the corner of its picture, which opens a field. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const MOST = 1000000;

    /** What is typed as the repeats of a photo: null where that is no number from 1 on. */
    lb.repeatsOf = (text) => (Number(text) >= 1 ? Math.min(MOST, Math.round(Number(text))) : null);

    /** At one photo. Its place is used again for other photos. */
    lb.PhotoRepeats = class {
        /** `change(photo, what)` saves a choice. */
        constructor(change) {
            this.change = change;
            this.button = lb.el("button", {type: "button", class: "lb-button lb-tiny", "aria-expanded": "false", onclick: () => this.open()});
            this.input = lb.el("input", {
                type: "number", min: 1, max: MOST, step: 1, hidden: true, onblur: () => this.close(true),
                onkeydown: (event) => this.press(event),
            });
            this.button.title = this.input.title = lb.t("How often an epoch shows this photo; empty: as often as the others of its subject");
            this.node = lb.el("span", {class: "lb-repeats"}, this.button, this.input);
        }

        draw(/** @type {Rest.Photo} */ photo) {
            if (this.photo && this.photo.id !== photo.id) this.close(false);
            this.photo = photo;
            lb.show(this.node, photo.used && photo.can_be_used !== false && !photo.held_out);
            lb.setClass(this.node, "lb-own", Boolean(photo.repeats));
            lb.setText(this.button, "× " + (photo.repeats || "…"));
            for (const part of [this.button, this.input]) lb.setAttribute(part, "aria-label", lb.t("Repeats of {file}", {file: photo.file}));
        }

        open() {
            this.input.value = this.photo.repeats ? String(this.photo.repeats) : "";
            this.shows(true);
            this.input.focus();
        }

        shows(field) {
            lb.show(this.input, field);
            lb.show(this.button, !field);
            lb.setAttribute(this.button, "aria-expanded", field ? "true" : "false");
        }

        press(event) {
            event.stopPropagation(); // no key of the tile's
            if (event.key !== "Enter" && event.key !== "Escape") return;
            event.preventDefault();
            this.close(event.key === "Enter");
            this.button.focus();
        }

        /** Back to the button; `keep`: what was typed is saved. */
        close(keep) {
            if (this.input.hidden) return;
            this.shows(false);
            const repeats = lb.repeatsOf(this.input.value);
            if (keep && repeats !== this.photo.repeats) this.change(this.photo, {repeats: repeats});
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
