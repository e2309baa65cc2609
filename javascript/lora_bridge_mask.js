// @ts-check
/* The mask of a photo: a brush over it that hides what shall not be trained. Red is hidden. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const SIDE = 1024; // of the mask's long side; it grows with the photo
    const SIZES = {least: 8, most: 400, usual: 1 / 9, factor: 1.25};
    const LEVELS = 12; // of Undo
    const RED = "rgb(220 38 38)";
    const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

    /** The brush one step larger or smaller. */
    lb.brushSize = (size, larger) => Math.round(Math.max(SIZES.least, Math.min(SIZES.most, larger ? size * SIZES.factor : size / SIZES.factor)));

    /** The brush at first: a part of the side of a square as large, so that it fits a very wide photo, too. */
    lb.usualBrush = (size) => Math.max(SIZES.least, Math.round(Math.sqrt(size.width * size.height) * SIZES.usual));

    /** The mask's size for a photo as it is turned. */
    lb.maskSize = function (photo) {
        const [width, height] = photo.turn % 2 ? [photo.height, photo.width] : [photo.width, photo.height];
        const scale = Math.min(1, SIDE / Math.max(width, height));
        return {width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale))};
    };

    /** What was hidden before and after each stroke. */
    lb.Strokes = class {
        constructor() {
            this.done = [];
            this.undone = [];
        }

        add(before) {
            this.done = [...this.done, before].slice(-LEVELS);
            this.undone = [];
        }

        /** What to show instead of `now`, or undefined. */
        back(now) {
            const before = this.done.pop();
            if (before) this.undone.push(now);
            return before;
        }

        again(now) {
            const after = this.undone.pop();
            if (after) this.done.push(now);
            return after;
        }
    };

    /** The drawing over the picture: what is hidden is opaque. `changed()` is called after each stroke. */
    lb.MaskDrawing = class {
        constructor(changed) {
            this.changed = changed;
            this.strokes = new lb.Strokes();
            this.size = lb.usualBrush({width: SIDE, height: SIDE});
            this.shows = false;
            this.canvas = lb.el("canvas", {class: "lb-mask-canvas", tabindex: 0});
            this.brush = lb.el("span", {class: "lb-mask-brush", "aria-hidden": "true", hidden: true});
            this.picture = lb.picture();
            this.node = lb.el("div", {class: "lb-mask-stage"}, this.picture, this.canvas, this.brush);
            this.at = [0, 0];
            for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave"]) this.canvas.addEventListener(name, (event) => this.point(event));
        }

        get pen() { return this.canvas.getContext("2d", {willReadFrequently: true}); }

        /** Another photo, of which nothing is hidden yet. */
        take(size, address) {
            Object.assign(this.canvas, size);
            this.node.style.aspectRatio = size.width + " / " + size.height;
            this.node.style.maxWidth = "min(" + size.width + "px, calc(80vh * " + size.width / size.height + "))"; // all of it is seen at once
            if (address) this.picture.src = address;
            this.strokes = new lb.Strokes();
            this.at = [size.width / 2, size.height / 2];
        }

        all() { return this.pen.getImageData(0, 0, this.canvas.width, this.canvas.height); }

        /** One step that Undo takes back. */
        step(draw) {
            this.strokes.add(this.all());
            draw(this.pen);
            this.changed();
        }

        put(pixels) {
            if (!pixels) return;
            this.pen.putImageData(pixels, 0, 0);
            this.changed();
        }

        /** Takes the stroke back that is being painted; whether there was one. */
        leave() {
            const isBusy = this.isPainting || this.isHeld;
            this.isPainting = this.isHeld = false;
            if (isBusy) this.pen.putImageData(this.strokes.done.pop(), 0, 0);
            return isBusy;
        }

        undo() {
            if (!this.leave()) this.put(this.strokes.back(this.all()));
        }

        redo() { this.put(this.strokes.again(this.all())); }

        clear() { this.step((pen) => pen.clearRect(0, 0, this.canvas.width, this.canvas.height)); }

        invert() {
            this.step((pen) => {
                pen.globalCompositeOperation = "xor";
                pen.fillStyle = RED;
                pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
                pen.globalCompositeOperation = "source-over";
            });
        }

        /** A line from one place to the next, as wide as the brush. */
        line(from, to) {
            const pen = this.pen;
            pen.globalCompositeOperation = this.shows ? "destination-out" : "source-over";
            Object.assign(pen, {strokeStyle: RED, lineWidth: this.size, lineCap: "round", lineJoin: "round"});
            pen.beginPath();
            pen.moveTo(from[0], from[1]);
            pen.lineTo(to[0] + 0.01, to[1]); // a dot is a line, too
            pen.stroke();
            pen.globalCompositeOperation = "source-over";
        }

        /** Where the pointer is, in the mask's pixels. */
        place(event) {
            const box = this.canvas.getBoundingClientRect();
            return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
        }

        point(event) {
            if (event.type === "pointerleave") return lb.show(this.brush, this.isPainting || document.activeElement === this.canvas);
            if (!event.isPrimary) return undefined; // a second finger paints no line to the first
            const to = this.place(event);
            if (event.type === "pointerdown" && !event.button) {
                event.preventDefault();
                this.canvas.focus({preventScroll: true});
                this.canvas.setPointerCapture(event.pointerId);
                this.isPainting = true;
                this.strokes.add(this.all());
                this.line(to, to);
            } else if (event.type === "pointermove" && this.isPainting) this.line(this.last, to);
            else if (this.isPainting && event.type !== "pointermove") {
                this.isPainting = false;
                this.changed();
            }
            this.last = to; // also beside the picture: nothing is painted along its edge
            return this.moveTo(to);
        }

        moveTo(to) {
            this.at = [Math.max(0, Math.min(this.canvas.width, to[0])), Math.max(0, Math.min(this.canvas.height, to[1]))];
            const share = (value, of) => (100 * value) / of + "%";
            const {width, height} = this.canvas;
            Object.assign(this.brush.style, {left: share(this.at[0], width), top: share(this.at[1], height), width: share(this.size, width), height: share(this.size, height)});
            lb.setClass(this.brush, "lb-shows", this.shows);
            lb.show(this.brush, true);
        }

        /** Arrows move the brush, space paints, and holding it while moving draws a line. True where the key meant something. */
        press(event) {
            const way = ARROWS[event.key];
            if (way) {
                const from = this.at;
                this.moveTo(this.at.map((at, axis) => at + (way[axis] * this.size) / 4));
                if (this.isHeld) this.line(from, this.at);
                return true;
            }
            if (event.key === "Escape") return this.leave();
            if (event.key !== " ") return false;
            if (!this.isHeld) {
                this.isHeld = true;
                this.strokes.add(this.all());
                this.line(this.at, this.at);
            }
            return true;
        }

        release(event) {
            if (event.key !== " " || !this.isHeld) return;
            this.isHeld = false;
            this.changed();
        }

        /** Shows a mask that is kept as grey: black is hidden. */
        async load(blob) {
            const bitmap = await createImageBitmap(blob);
            const {width, height} = this.canvas;
            this.pen.drawImage(bitmap, 0, 0, width, height);
            const pixels = this.all();
            for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set([220, 38, 38, 255 - pixels.data[at]], at);
            this.pen.putImageData(pixels, 0, 0);
        }

        /** As a grey PNG: white is trained, black is hidden. */
        png() {
            const paper = lb.el("canvas", {});
            Object.assign(paper, {width: this.canvas.width, height: this.canvas.height});
            const pen = paper.getContext("2d");
            const hidden = this.all();
            for (let at = 0; at < hidden.data.length; at += 4) {
                const grey = 255 - hidden.data[at + 3];
                hidden.data.set([grey, grey, grey, 255], at);
            }
            pen.putImageData(hidden, 0, 0);
            return new Promise((resolve) => { paper.toBlob(resolve, "image/png"); });
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
