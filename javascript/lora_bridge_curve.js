// @ts-check
/* The chart of a training: its loss, and at each save the loss on held-out and on training photos at fixed noise. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const HEIGHT = 190;
    const LEFT = 52;
    const BOTTOM = 22;
    const TOP = 18;
    const RIGHT = 8;
    const GAP = 8;
    const LINE = 14;

    lb.Curve = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.points = [];
            this.total = 0;
            this.best = null;
            this.rate = null;
            this.job = null;
            this.log = false;
            const path = (name) => lb.svg("path", {class: "lb-curve-" + name});
            const text = (anchor, more = "") => lb.svg("text", {class: "lb-curve-text" + more, "text-anchor": anchor}, "");
            this.band = lb.svg("rect", {class: "lb-curve-band"});
            this.lines = {grid: path("grid"), raw: path("raw"), mean: path("mean"), rate: path("rate"), trained: path("trained"), held: path("held"), bars: path("bars")};
            this.dot = lb.svg("circle", {class: "lb-curve-dot", r: 5});
            this.names = {held: text("start", " lb-curve-name-held"), trained: text("start")};
            this.ruler = lb.svg("path", {class: "lb-curve-ruler"});
            this.texts = {high: text("end"), low: text("end"), first: text("start"), last: text("end"), band: text("start")};
            this.svg = lb.svg("svg", {class: "lb-curve", height: HEIGHT, role: "img", "aria-label": lb.t("Loss by step")},
                this.band, ...Object.values(this.lines), this.ruler, this.dot, ...Object.values(this.texts), ...Object.values(this.names));
            this.svg.addEventListener("pointermove", (event) => this.point(event));
            this.svg.addEventListener("pointerleave", () => this.say(null));
            this.value = lb.el("p", {class: "lb-small lb-curve-value", "aria-live": "off"});
            this.caption = lb.el("p", {class: "lb-dim lb-small"});
            this.node = lb.el("div", {}, this.svg, this.value, this.legend(), this.caption, this.tools());
            this.watch = new ResizeObserver(() => this.draw());
            this.watch.observe(this.node);
        }

        legend() {
            const key = (name, text) => lb.el("span", {}, lb.el("i", {class: "lb-key lb-key-" + name}), " ", text);
            this.keys = {
                mean: key("mean", lb.t("training loss, smoothed")), rate: key("rate", lb.t("learning rate")),
            };
            this.legendLine = lb.el("p", {class: "lb-small lb-legend"}, ...Object.values(this.keys));
            return this.legendLine;
        }

        tools() {
            const toggle = (text, name) => {
                const button = lb.button(text, () => { this[name] = !this[name]; lb.setAttribute(button, "aria-pressed", String(this[name])); this.draw(); }, "small");
                button.setAttribute("aria-pressed", "false");
                return button;
            };
            this.smoothing = lb.el("input", {type: "range", min: 0, max: 100, value: 50, "aria-label": lb.t("Smoothing"), oninput: () => this.draw()});
            this.ratesButton = lb.button(lb.t("Learning rate"), () => this.toggleRate(), "small");
            this.ratesButton.setAttribute("aria-pressed", "false");
            this.csv = lb.button(lb.t("CSV"), () => lb.save("loss-" + this.job + ".csv", lb.curveCsv(this.points, this.best, this.rate), "text/csv"), "small");
            this.bar = lb.el("p", {class: "lb-start lb-curve-tools"}, lb.el("label", {class: "lb-small lb-smooth"}, lb.t("Smoothing"), " ", this.smoothing),
                toggle(lb.t("Log scale"), "log"), this.ratesButton, this.csv);
            return this.bar;
        }

        set(points, total, best, job) {
            if (points === this.points && total === this.total && (best || null) === this.best) return;
            if (job !== this.job) this.forgetRate();
            this.points = points;
            this.total = total;
            this.best = best || null;
            this.job = job;
            this.draw();
        }

        forgetRate() {
            this.rate = null;
            this.ratesButton.setAttribute("aria-pressed", "false");
        }

        async toggleRate() {
            if (this.rate) {
                this.forgetRate();
            } else {
                try {
                    const spec = (await this.app.server.get("jobs/" + this.job)).spec;
                    this.rate = lb.learningRate(spec.params);
                    this.ratesButton.setAttribute("aria-pressed", String(Boolean(this.rate)));
                    if (!this.rate) this.app.tell(lb.t("This schedule can't be drawn here."));
                } catch (error) {
                    this.app.complain(error);
                }
            }
            this.draw();
        }

        /** What is measured at each save; a single one says nothing as a line. */
        measured() {
            return ((this.best && this.best.curve) || []).map((save) => ({...save, error: Number.isFinite(save.error) ? save.error : 0}));
        }

        draw() {
            const width = this.node.clientWidth;
            const saves = this.measured();
            const any = this.points.length > 1 || saves.length > 1;
            for (const part of [this.svg, this.bar, this.legendLine]) lb.show(part, any);
            if (!width || !any) return;
            lb.setAttribute(this.svg, "viewBox", "0 0 " + width + " " + HEIGHT);
            this.smooth = lb.smooth(this.points, this.smoothing.value / 100);
            const measured = {held: saves.map((save) => [save.step, save.held_out]), trained: saves.filter((save) => save.training !== null).map((save) => [save.step, save.training])};
            const scale = this.scale = this.place(measured, saves, width);
            const line = (points) => lb.linePath(points, scale, saves.length > 1);
            const d = {
                raw: saves.length > 1 ? "" : line(lb.thin(this.points, 360)), mean: line(lb.thin(this.smooth, 360)), held: line(measured.held), trained: line(measured.trained),
                bars: saves.map((save) => "M" + scale.x(save.step).toFixed(1) + " " + scale.y(save.held_out - save.error).toFixed(1) + "V" + scale.y(save.held_out + save.error).toFixed(1)).join(""),
                grid: "M" + LEFT + " " + TOP + "V" + (HEIGHT - BOTTOM) + "H" + scale.x(scale.last), rate: this.rateLine(scale),
            };
            for (const name of Object.keys(d)) lb.setAttribute(this.lines[name], "d", d[name]);
            this.drawBest(scale, saves);
            this.drawTexts(scale);
            for (const [name, shown] of Object.entries({mean: d.mean.includes("L"), rate: Boolean(this.rate)})) lb.show(this.keys[name], shown);
        }

        /** The scale, with the names at the ends of the lines: beside them, where that leaves the lines most of the width. */
        place(measured, saves, width) {
            const lines = Object.keys(this.names).filter((name) => measured[name].length > 1);
            for (const [name, text] of [["held", lb.t("held-out photos")], ["trained", lb.t("training photos")]]) lb.setText(this.names[name], lines.includes(name) ? text : "");
            const wide = (name) => this.names[name].getComputedTextLength();
            const room = Math.max(0, ...lines.map(wide)) + GAP;
            const points = saves.length > 1 ? this.smooth : this.points;
            const scaled = (right) => lb.curveScale(points, saves, this.total, width, HEIGHT, this.log, right);
            const ends = (scale) => lines.map((name) => measured[name][measured[name].length - 1]).map(([step, loss], at) => ({x: scale.x(step), y: scale.y(loss), wide: wide(lines[at])}));
            const roomy = scaled(RIGHT);
            const scale = room < 0.4 * width && ends(roomy).some((end) => end.x + room > width) ? scaled(room) : roomy;
            lb.namePlaces(ends(scale), width, TOP, HEIGHT - BOTTOM - 4).forEach((at, number) => {
                lb.setAttribute(this.names[lines[number]], "text-anchor", at.anchor);
                this.put(this.names[lines[number]], at.x, at.y, this.names[lines[number]].textContent);
            });
            return scale;
        }

        rateLine(scale) {
            if (!this.rate) return "";
            const steps = [...Array(121).keys()].map((at) => Math.round(at * scale.last / 120));
            const top = Math.max(...steps.map(this.rate)) || 1;
            return steps.map((step, at) => (at ? "L" : "M") + scale.x(step).toFixed(1) + " " + (HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * this.rate(step) / top).toFixed(1)).join("");
        }

        /** The band in which a step is usable, and the best step. */
        drawBest(scale, saves) {
            const range = this.best && this.best.range;
            lb.show(this.band, Boolean(range));
            lb.show(this.texts.band, Boolean(range));
            if (range) {
                const from = scale.x(range[0]);
                for (const [name, value] of Object.entries({x: from, y: TOP, width: Math.max(2, scale.x(range[1]) - from), height: HEIGHT - BOTTOM - TOP})) lb.setAttribute(this.band, name, value);
                lb.setText(this.texts.band, lb.t("usable {from} to {to}", {from: lb.number(range[0]), to: lb.number(range[1])}));
                const most = this.node.clientWidth - this.texts.band.getComputedTextLength();
                this.put(this.texts.band, Math.max(0, Math.min(from, most)), TOP - 5, this.texts.band.textContent);
            }
            const best = this.best && saves.find((save) => save.step === this.best.step);
            lb.show(this.dot, Boolean(best));
            if (best) {
                lb.setAttribute(this.dot, "cx", scale.x(best.step));
                lb.setAttribute(this.dot, "cy", scale.y(best.held_out));
            }
        }

        drawTexts(scale) {
            this.put(this.texts.high, LEFT - 6, TOP + 9, lb.loss(scale.high));
            this.put(this.texts.low, LEFT - 6, HEIGHT - BOTTOM, lb.loss(scale.low));
            this.put(this.texts.first, LEFT, HEIGHT - 6, "0");
            this.put(this.texts.last, scale.x(scale.last), HEIGHT - 6, lb.number(scale.last));
        }

        // ---- the value under the pointer ----

        point(event) {
            if (!this.scale) return;
            const box = this.svg.getBoundingClientRect();
            this.say(this.scale.step(event.clientX - box.left));
        }

        say(step) {
            lb.show(this.ruler, step !== null);
            if (step === null) {
                lb.setText(this.value, "");
                return;
            }
            const near = (points) => points.reduce((best, one) => (best === null || Math.abs(one[0] - step) < Math.abs(best[0] - step) ? one : best), null);
            const loss = near(this.smooth);
            const save = near(this.measured().map((one) => [one.step, one]));
            const at = loss ? loss[0] : save[0];
            lb.setAttribute(this.ruler, "d", "M" + this.scale.x(at).toFixed(1) + " " + TOP + "V" + (HEIGHT - BOTTOM));
            const parts = [lb.t("step {step}", {step: lb.number(at)})];
            if (loss) parts.push(lb.t("loss {loss}", {loss: lb.loss(loss[1])}));
            if (save) parts.push(lb.t("held out at {step}: {loss} ± {error}", {step: lb.number(save[0]), loss: lb.loss(save[1].held_out), error: lb.loss(save[1].error)}));
            if (this.rate) parts.push(lb.t("learning rate {rate}", {rate: this.rate(at).toExponential(2)}));
            lb.setText(this.value, parts.join(" · "));
        }

        put(node, x, y, text) {
            lb.setAttribute(node, "x", x);
            lb.setAttribute(node, "y", y);
            lb.setText(node, text);
        }
    };

    /** A line through points [step, loss]; where they lie above or below the chart it has gaps, or runs along its edge. */
    lb.linePath = function (points, scale, hasGaps) {
        let goesOn = false;
        return points.map(([step, loss]) => {
            const before = goesOn;
            goesOn = !hasGaps || (loss >= scale.low && loss <= scale.high);
            return goesOn ? (before ? "L" : "M") + scale.x(step).toFixed(1) + " " + scale.y(loss).toFixed(1) : "";
        }).join("");
    };

    /** Where the names of two lines stand, by their ends {x, y, wide}: behind them, or above and below where there is no room; never on one another. */
    lb.namePlaces = function (ends, width, top, bottom) {
        const highest = Math.min(...ends.map((end) => end.y));
        const places = ends.map((end) => (end.x + GAP + end.wide <= width ? {x: end.x + GAP, y: end.y + 4, anchor: "start"}
            : {x: width, y: end.y === highest ? end.y - GAP : end.y + 16, anchor: "end"}));
        const [upper, lower] = places.slice().sort((one, other) => one.y - other.y);
        const close = lower ? LINE - (lower.y - upper.y) : 0;
        if (close > 0) {
            upper.y -= close / 2;
            lower.y += close / 2;
        }
        if (upper) upper.y = Math.min(Math.max(upper.y, top + 8), bottom - (lower ? LINE : 0));
        if (lower) lower.y = Math.min(Math.max(lower.y, upper.y + LINE), bottom);
        return places;
    };

    /** From steps and losses to places and back. What was measured at the saves has most of the height; without it, single wild losses don't squeeze the rest. */
    lb.curveScale = function (points, saves, total, width, height, log, right = RIGHT) {
        const sorted = points.map((point) => point[1]).sort((a, b) => a - b);
        const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
        const measured = saves.flatMap((save) => [save.held_out - save.error, save.held_out + save.error, save.training]).filter(Number.isFinite);
        const known = measured.length ? measured : sorted.length ? [at(0.005), at(0.995)] : [0, 1];
        let low = Math.min(...known);
        let high = Math.max(...known);
        const more = measured.length && sorted.length ? (high - low) / 2 : 0;
        if (more) [low, high] = [Math.min(low, Math.max(at(0.05), low - more)), Math.max(high, Math.min(at(0.95), high + more))];
        if (high - low < 1e-9) {
            low -= Math.abs(low) * 0.1 + 1e-6;
            high += Math.abs(high) * 0.1 + 1e-6;
        }
        if (log) low = Math.max(low, high * 1e-4, 1e-12);
        const ends = [0, ...(points.length ? [points[points.length - 1][0]] : []), ...saves.map((save) => save.step)];
        const last = Math.max(total || 0, ...ends, 1);
        const inside = height - BOTTOM - TOP;
        const part = (loss) => (log ? Math.log(Math.max(loss, low) / low) / Math.log(high / low) : (loss - low) / (high - low));
        const across = width - LEFT - right;
        return {
            low: low, high: high, last: last,
            x: (step) => LEFT + across * step / last,
            y: (loss) => TOP + inside * (1 - Math.min(1, Math.max(0, part(loss)))),
            step: (x) => Math.min(last, Math.max(0, (x - LEFT) / across * last)),
        };
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
