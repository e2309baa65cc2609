// @ts-check
/* What the trainer will see of a photo: a frame over its thumbnail, which can be moved, and a turn. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const STEP = 0.1;
    const CLICK = 4;
    const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

    /** Where a picture lies that is shown whole in a box: {left, top, width, height} in the box's pixels. */
    lb.fitted = function (picture, box) {
        const scale = Math.min(box.width / picture.width, box.height / picture.height);
        const width = picture.width * scale;
        const height = picture.height * scale;
        return {left: (box.width - width) / 2, top: (box.height - height) / 2, width: width, height: height};
    };

    /** A frame's move after it was dragged by so many shares of the photo: from -1 to 1 where it can move, else 0. */
    lb.moved = function (frame, by) {
        return [0, 1].map((at) => {
            const room = (1 - frame.box[2 + at]) / 2;
            const to = frame.can_move[at] && room > 0 ? frame.move[at] + by[at] / room : 0;
            return Math.max(-1, Math.min(1, to));
        });
    };

    /** The frame's box with another move. */
    lb.movedBox = (frame, move) => [0, 1].map((at) => ((1 - frame.box[2 + at]) * (1 + move[at])) / 2).concat(frame.box.slice(2));

    /** "512 × 512: 6 · 704 × 512: 2" */
    lb.bucketText = (buckets) => buckets.map((one) => one.width + " × " + one.height + ": " + one.photos).join(" · ");

    /** All frames of the draft, asked for anew when the draft or its options are others. */
    lb.Frames = class {
        constructor(/** @type {LoraBridgeApp} */ app, changed) {
            this.app = app;
            this.changed = changed;
            this.known = new Map();
            this.buckets = [];
            this.notes = [];
            this.revision = null;
        }

        update() {
            const draft = this.app.state.draft;
            if (!draft || draft.checking || draft.revision === this.revision || this.asking) return;
            this.asking = true;
            const revision = draft.revision;
            this.app.server.get("draft/frames").then((answer) => {
                this.known = new Map(answer.frames.map((frame) => [frame.id, frame]));
                this.buckets = answer.buckets;
                this.notes = answer.notes.map(lb.sentence);
            }, () => {
                this.known = new Map(); // a name or an option is wrong: the plan says which
            }).finally(() => {
                this.revision = revision;
                this.asking = false;
                this.changed();
            });
        }

        of(/** @type {Rest.Photo} */ photo) {
            return photo && photo.used ? this.known.get(photo.id) || null : null;
        }
    };

    /** The frame over one thumbnail, and the buttons below it. Its place is used again for other photos. */
    lb.Frame = class {
        /** `frames`: lb.Frames; `change(photo, what)` saves a turn or a move. */
        constructor(frames, change) {
            this.frames = frames;
            this.change = change;
            this.node = lb.el("span", {class: "lb-frame", hidden: true, onpointerdown: (event) => this.grasp(event)});
            this.turn = lb.el("button", {type: "button", class: "lb-button lb-small", onclick: () => this.turnOn()}, "⟳");
            this.move = lb.el("button", {type: "button", class: "lb-button lb-small", onkeydown: (event) => this.press(event)}, lb.t("Move"));
            this.move.title = lb.t("Drag the frame over the picture, or press the arrow keys here.");
            this.size = lb.el("span", {class: "lb-dim"});
            this.tools = lb.el("div", {class: "lb-frame-tools"}, this.turn, this.move, this.size);
        }

        draw(/** @type {Rest.Photo} */ photo) {
            this.photo = photo;
            const frame = this.frame = this.frames.of(photo);
            lb.show(this.node, Boolean(frame));
            lb.show(this.turn, Boolean(photo.thumb));
            lb.show(this.move, Boolean(frame) && frame.can_move.some(Boolean));
            lb.setAttribute(this.move, "aria-label", lb.t("Move the frame of {file}", {file: photo.file}));
            lb.setText(this.size, frame ? lb.t("trained at {size}", {size: frame.width + " × " + frame.height}) : "");
            lb.setAttribute(this.turn, "aria-label", lb.t("Turn {file}", {file: photo.file}));
            if (!frame) return;
            lb.setClass(this.node, "lb-cuts", frame.cuts_face);
            lb.setClass(this.node, "lb-movable", frame.can_move.some(Boolean));
            if (!this.isDragging) this.lay(frame.box);
        }

        lay(box) {
            const host = this.node.parentElement;
            const turned = this.photo.turn % 2;
            const picture = turned ? {width: this.photo.height, height: this.photo.width} : this.photo;
            this.place = lb.fitted(picture, {width: host.clientWidth, height: host.clientHeight});
            const {left, top, width, height} = this.place;
            Object.assign(this.node.style, {
                left: left + box[0] * width + "px", top: top + box[1] * height + "px",
                width: box[2] * width + "px", height: box[3] * height + "px",
            });
        }

        turnOn() {
            this.change(this.photo, {turn: (this.photo.turn + 1) % 4});
        }

        press(event) {
            const way = ARROWS[event.key];
            if (!way || !this.frame) return;
            event.preventDefault();
            this.moveTo(this.frame.move.map((at, axis) => Math.max(-1, Math.min(1, at + way[axis] * STEP))));
        }

        /** A drag, until the pointer is let go; Escape puts the frame back. */
        grasp(event) {
            if (!this.frame || !this.frame.can_move.some(Boolean) || event.button || this.isDragging) return;
            const start = [event.clientX, event.clientY];
            let to = null, isLeft = false;
            const leave = (pressed) => {
                if (pressed.key !== "Escape") return;
                isLeft = true;
                this.lay(this.frame.box);
            };
            const drag = (moved) => {
                if (isLeft || moved.pointerId !== event.pointerId) return;
                const by = [(moved.clientX - start[0]) / this.place.width, (moved.clientY - start[1]) / this.place.height];
                if (!to && Math.hypot(moved.clientX - start[0], moved.clientY - start[1]) < CLICK) return;
                to = lb.moved(this.frame, by);
                this.lay(lb.movedBox(this.frame, to));
            };
            const drop = (last) => {
                if (last.pointerId !== event.pointerId) return;
                this.isDragging = false;
                document.removeEventListener("keydown", leave);
                this.node.removeEventListener("pointermove", drag);
                this.node.removeEventListener("pointerup", drop);
                this.node.removeEventListener("pointercancel", drop);
                if (!to && !isLeft) return;
                if (last.type === "pointercancel") return this.lay(this.frame.box);
                this.dragged = true; // the click that follows is no choice
                setTimeout(() => { this.dragged = false; }, 0);
                if (!isLeft) this.moveTo(to);
            };
            this.isDragging = true;
            document.addEventListener("keydown", leave);
            this.node.setPointerCapture(event.pointerId);
            this.node.addEventListener("pointermove", drag);
            this.node.addEventListener("pointerup", drop);
            this.node.addEventListener("pointercancel", drop);
        }

        moveTo(to) {
            this.frame.box = lb.movedBox(this.frame, to);
            this.frame.move = to;
            this.lay(this.frame.box);
            this.change(this.photo, {move: {x: to[0], y: to[1]}});
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
