// @ts-check
/* The loss curve: a faint line through what was measured, a strong one through its running mean. */
(function (/** @type {any} */ lb) {
    "use strict";

    const HEIGHT = 150;
    const LEFT = 46;
    const BOTTOM = 22;
    const TOP = 8;

    lb.Curve = class {
        constructor() {
            this.grid = lb.svg("path", {class: "lb-curve-grid"});
            this.raw = lb.svg("path", {class: "lb-curve-raw"});
            this.mean = lb.svg("path", {class: "lb-curve-mean"});
            const text = (anchor) => lb.svg("text", {class: "lb-curve-text", "text-anchor": anchor}, "");
            this.high = text("end");
            this.low = text("end");
            this.first = text("start");
            this.last = text("end");
            this.svg = lb.svg("svg", {class: "lb-curve", height: HEIGHT, role: "img", "aria-label": lb.t("Loss by step")},
                this.grid, this.raw, this.mean, this.high, this.low, this.first, this.last);
            this.caption = lb.el("p", {class: "lb-dim lb-small"});
            this.node = lb.el("div", {}, this.svg, this.caption);
            this.watch = new ResizeObserver(() => this.draw());
            this.watch.observe(this.node);
            this.points = [];
            this.total = 0;
        }

        set(points, total) {
            if (points === this.points && total === this.total) return;
            this.points = points;
            this.total = total;
            this.draw();
        }

        draw() {
            const width = this.node.clientWidth;
            lb.show(this.svg, this.points.length > 1);
            if (!width || this.points.length < 2) return;
            const scale = lb.curveScale(this.points, this.total, width, HEIGHT);
            const line = (points) => lb.thin(points, 360).map(([step, loss], at) => (at ? "L" : "M") + scale.x(step).toFixed(1) + " " + scale.y(loss).toFixed(1)).join("");
            lb.setAttribute(this.svg, "viewBox", "0 0 " + width + " " + HEIGHT);
            lb.setAttribute(this.raw, "d", line(this.points));
            lb.setAttribute(this.mean, "d", line(lb.smooth(this.points)));
            lb.setAttribute(this.grid, "d", "M" + LEFT + " " + TOP + "V" + (HEIGHT - BOTTOM) + "H" + width);
            this.put(this.high, LEFT - 6, TOP + 9, lb.loss(scale.high));
            this.put(this.low, LEFT - 6, HEIGHT - BOTTOM, lb.loss(scale.low));
            this.put(this.first, LEFT, HEIGHT - 6, "0");
            this.put(this.last, width, HEIGHT - 6, String(scale.last));
        }

        put(node, x, y, text) {
            lb.setAttribute(node, "x", x);
            lb.setAttribute(node, "y", y);
            lb.setText(node, text);
        }
    };

    /** From steps and losses to places: {x(step), y(loss), low, high, last}. Single wild values don't squeeze the rest. */
    lb.curveScale = function (points, total, width, height) {
        const sorted = points.map((point) => point[1]).sort((a, b) => a - b);
        const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
        let low = at(0.005);
        let high = at(0.995);
        if (high - low < 1e-9) {
            low -= Math.abs(low) * 0.1 + 1e-6;
            high += Math.abs(high) * 0.1 + 1e-6;
        }
        const last = Math.max(total || 0, points[points.length - 1][0], 1);
        const inside = height - BOTTOM - TOP;
        return {
            low: low, high: high, last: last,
            x: (step) => LEFT + (width - LEFT) * step / last,
            y: (loss) => TOP + inside * (1 - Math.min(1, Math.max(0, (loss - low) / (high - low)))),
        };
    };
})(globalThis.loraBridge = globalThis.loraBridge || {});
