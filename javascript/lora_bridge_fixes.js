// @ts-check
/* What can be done about a photo's findings, with one click each; the page's undo takes it back. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const ALIKE = new Set(["photo.nearly_same", "photo.copy_2"]);

    /** The buttons below one thumbnail. Its place is used again for other photos. */
    lb.Fixes = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            const fix = (name, text) => lb.button(text, () => this.apply(name), "small");
            this.buttons = {turn: fix("turn", "⟳ " + lb.t("upright")), crop: fix("crop", lb.t("Move the frame")), "leave out": fix("leave out", lb.t("Leave out"))};
            this.nodes = Object.values(this.buttons);
        }

        /** Shows what helps this photo; returns the names of that. `frame`: what is trained of it, or null. */
        draw(/** @type {Rest.Photo} */ photo, frame) {
            this.photo = photo;
            /** @type {Set<string>} */
            const possible = new Set(photo.used ? (photo.findings || []).map((one) => one.fix).filter(Boolean) : []);
            if (frame && frame.cuts_face && frame.can_move.some(Boolean)) possible.add("crop");
            else possible.delete("crop");
            if (possible.has("turn") || possible.has("crop")) possible.delete("leave out"); // that is the last resort
            for (const [name, button] of Object.entries(this.buttons)) {
                lb.show(button, possible.has(name));
                lb.setAttribute(button, "aria-label", button.textContent + ": " + photo.file);
            }
            return possible;
        }

        apply(name) {
            return lb.fix(this.app, this.buttons[name], name, [this.photo.id]);
        }
    };

    /** Does it, and says what was done. */
    lb.fix = (app, button, name, photos) => app.act(button, async () => {
        const answer = await app.post("draft/photos/fix", {fix: name, photos: photos});
        app.tell(((answer && answer.notes) || []).map(lb.sentence).join(" "));
    });

    /** The photos that are used though a better version of them is. */
    lb.worseOnes = (photos) => photos.filter((photo) => photo.used && (photo.concerns || []).some((one) => ALIKE.has(lb.codeOf(one))));

    /** Buttons for the whole set: one click for all photos that have the same finding. */
    lb.SetFixes = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.copies = lb.button("", () => lb.fix(app, this.copies, "drop copies", null), "small");
            this.frames = lb.button("", () => lb.fix(app, this.frames, "crop", null), "small");
            this.turns = lb.button("", () => lb.fix(app, this.turns, "turn", null), "small");
            this.node = lb.el("span", {class: "lb-set-fixes", hidden: true}, this.turns, this.frames, this.copies);
        }

        /** `frameOf(photo)`: what is trained of it, or null. */
        update(/** @type {Rest.Photo[]} */ photos, frameOf) {
            const worse = lb.worseOnes(photos).length;
            const cut = photos.filter((photo) => (frameOf(photo) || {}).cuts_face).length;
            const lying = photos.filter((photo) => photo.used && (photo.findings || []).some((one) => one.fix === "turn")).length;
            lb.setText(this.copies, lb.t("Drop {n} {n:copy|copies}, keep the better", {n: worse}));
            lb.setText(this.frames, lb.t("Move {n} {n:frame|frames} onto the face", {n: cut}));
            lb.setText(this.turns, lb.t("Turn {n} {n:photo|photos} upright", {n: lying}));
            lb.show(this.copies, worse > 0);
            lb.show(this.frames, cut > 0);
            lb.show(this.turns, lying > 0);
            lb.show(this.node, worse + cut + lying > 0);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
