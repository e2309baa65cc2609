// @ts-check
/* The part "Masks" of the first step: which photo, the brush's tools, and whether masks are trained with. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const WEIGHT = "unmasked_weight";

    lb.Masks = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("masks", lb.t("Masks"), () => this.update());
            this.node = this.part.node;
            this.drawing = new lb.MaskDrawing(() => this.save());
            this.part.body.append(this.buildSwitch(), this.buildTools(), this.drawing.node, this.buildHelp());
            const canvas = this.drawing.canvas;
            canvas.setAttribute("aria-describedby", this.help.id);
            canvas.addEventListener("keydown", (event) => this.press(event));
            canvas.addEventListener("keyup", (event) => this.drawing.release(event));
            canvas.addEventListener("focus", () => this.drawing.moveTo(this.drawing.at));
        }

        buildSwitch() {
            this.on = lb.el("input", {type: "checkbox", onchange: () => this.app.act(this.on, () => this.app.post("draft", {training: {masks: this.on.checked}}))});
            this.choice = lb.field(lb.t("Photo"), lb.el("select", {onchange: () => this.show(Number(this.choice.input.value))}));
            const label = lb.el("label", {class: "lb-check"}, this.on, " ", lb.t("Train only what the masks show"));
            this.weight = lb.field(lb.t("What is hidden weighs"), lb.el("input", {type: "number", min: 0, max: 1, step: 0.05, placeholder: "0", onchange: () => this.weigh()}));
            this.weight.input.title = lb.t("0: it isn't trained. 0.1: it counts a tenth of the rest, so that the person doesn't float in front of nothing.");
            this.weight.node.classList.add("lb-weight");
            return lb.el("div", {class: "lb-row"}, this.choice.node, label, this.weight.node);
        }

        /** An empty field is the default: what is hidden counts nothing. */
        weigh() {
            const text = this.weight.input.value;
            const value = text === "" ? null : Math.min(1, Math.max(0, Number(text)));
            if (value !== null) this.weight.input.value = String(value);
            this.app.saveDraft("option." + WEIGHT, {training: {values: {[WEIGHT]: value}}}, 0);
        }

        showWeight(/** @type {Rest.Draft} */ draft) {
            const unsaved = this.app.saver.unsaved("draft option." + WEIGHT);
            lb.show(this.weight.node, draft.training.masks);
            lb.setValue(this.weight.input, (unsaved || draft).training.values[WEIGHT]);
        }

        buildTools() {
            const small = (text, deed) => lb.button(text, deed, "small");
            this.erase = small(lb.t("Show again"), () => this.turn());
            this.size = lb.el("input", {type: "range", min: 8, max: 400, value: this.drawing.size, "aria-label": lb.t("Size of the brush"), oninput: () => this.choose(Number(this.size.value))});
            this.undo = small(lb.t("Undo"), () => this.drawing.undo());
            this.redo = small(lb.t("Redo"), () => this.drawing.redo());
            this.face = small(lb.t("Box from the face"), () => this.change(this.face, () => this.app.server.post("draft/photo/" + this.pid + "/mask/face", {})));
            this.own = small(lb.t("Forget this mask"), () => this.change(this.own, () => this.app.server.remove("draft/photo/" + this.pid + "/mask")));
            return lb.el("div", {class: "lb-mask-tools", role: "toolbar", "aria-label": lb.t("Brush")}, this.erase, this.size, this.undo, this.redo,
                small(lb.t("Clear"), () => this.drawing.clear()), small(lb.t("Invert"), () => this.drawing.invert()), this.face, this.own);
        }

        buildHelp() {
            this.help = lb.el("p", {class: "lb-dim", id: lb.newId()}, lb.t("Paint over what should not be trained: it turns red. [ and ] change the size of the brush, E switches to showing again; arrow keys move the brush, space paints."));
            return this.help;
        }

        // ---- the photo ----

        update() {
            const draft = this.app.state.draft;
            const photos = draft ? draft.photos.filter((photo) => photo.used && photo.width) : [];
            lb.show(this.node, photos.length > 0);
            if (!photos.length) return;
            const masked = photos.filter((photo) => photo.mask).length;
            const on = draft.training.masks;
            lb.setText(this.part.more, " · " + (on ? lb.t("on: {n} of {total} {total:photo|photos}", {n: masked, total: photos.length}) : lb.t("off")));
            this.on.checked = on;
            this.showWeight(draft);
            lb.setChoices(this.choice.input, photos.map((photo) => ({value: photo.id, text: photo.file + (photo.mask ? " · " + lb.maskText(photo.mask) : "")})), this.pid);
            if (!this.node.open) return;
            const photo = photos.find((one) => one.id === this.pid) || photos[0];
            if (this.isOther(photo)) this.show(photo.id);
        }

        /** Whether another mask than the one that was painted here is there now. */
        isOther(/** @type {Rest.Photo} */ photo) {
            return photo.id !== this.pid || (!this.saving && !this.drawing.isPainting && this.seen !== lb.maskSeen(photo));
        }

        photo() {
            return this.app.state.draft.photos.find((one) => one.id === this.pid);
        }

        async show(pid) {
            this.pid = pid;
            const photo = this.photo();
            this.seen = lb.maskSeen(photo);
            const asked = this.asked = {};
            this.drawing.take(lb.maskSize(photo), this.app.server.url(photo.picture));
            if (!this.resized) this.resize(lb.usualBrush(lb.maskSize(photo)));
            lb.setAttribute(this.drawing.canvas, "aria-label", lb.t("Mask of {file}", {file: photo.file}));
            lb.setValue(this.choice.input, pid);
            lb.show(this.own, photo.mask === "painted");
            if (!photo.mask_picture) return;
            try {
                const blob = await this.app.server.get(photo.mask_picture, undefined, true);
                if (asked === this.asked) await this.drawing.load(blob);
            } catch (error) {
                this.app.complain(error);
            }
        }

        /** Keeps what was painted, the last of it where strokes follow quickly. */
        save() {
            const pid = this.pid;
            const number = this.number = (this.number || 0) + 1;
            this.saving = true;
            this.app.act(null, async () => {
                try {
                    const png = await this.drawing.png();
                    if (number === this.number) this.taken(pid, await this.app.server.put("draft/photo/" + pid + "/mask", png));
                } finally {
                    if (number === this.number) this.saving = false;
                }
            });
        }

        taken(pid, /** @type {Rest.Photo} */ photo) {
            if (pid === this.pid) this.seen = lb.maskSeen(photo);
            this.takePhoto(photo);
            lb.show(this.own, photo.mask === "painted");
        }

        /** A mask that is painted is trained with: the server has switched that on, and no other window did. */
        takePhoto(/** @type {Rest.Photo} */ photo) {
            const draft = this.app.state.draft;
            if (photo.mask === "painted") this.app.state.draft = {...draft, training: {...draft.training, masks: true}};
            this.app.takePhoto(photo);
            this.app.wantDraft = true;
        }

        change(button, ask) {
            return this.app.act(button, async () => {
                const photo = await ask();
                this.takePhoto(photo);
                await this.show(photo.id);
            });
        }

        // ---- the brush ----

        turn() {
            this.drawing.shows = !this.drawing.shows;
            lb.setAttribute(this.erase, "aria-pressed", this.drawing.shows ? "true" : "false");
            this.drawing.moveTo(this.drawing.at);
        }

        /** By hand: it stays so for the next photo. */
        choose(size) {
            this.resized = true;
            this.resize(size);
        }

        resize(size) {
            this.drawing.size = size;
            this.size.value = String(size);
            this.drawing.moveTo(this.drawing.at);
        }

        press(event) {
            const key = event.key.toLowerCase();
            if (event.ctrlKey || event.metaKey) {
                if (key !== "z" && key !== "y") return;
                if (key === "y" || event.shiftKey) this.drawing.redo();
                else this.drawing.undo();
            } else if (key === "[" || key === "]") this.choose(lb.brushSize(this.drawing.size, key === "]"));
            else if (key === "e") this.turn();
            else if (!this.drawing.press(event)) return;
            event.preventDefault();
        }
    };

    /** Which mask a photo has, and how it is turned. */
    lb.maskSeen = (photo) => String(photo.mask_picture) + photo.turn;

    lb.maskText = (mask) => (mask === "painted" ? lb.t("painted") : mask === "file" ? lb.t("mask beside it") : lb.t("transparency"));
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
