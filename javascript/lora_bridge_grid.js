// @ts-check
/* In step 4: saved steps x strengths x prompts, drawn by the WebUI or our own sampler; blind votes; one sheet. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.JudgeGrid = class {
        constructor(/** @type {LoraBridgeApp} */ app, tryView) {
            this.app = app;
            this.try = tryView;
            this.job = null;
            this.grid = null;
            this.mark = null;
            this.chosen = null;
            this.told = lb.el("span", {class: "lb-dim", "aria-live": "polite"});
            this.draw = lb.button(lb.t("Draw the grid"), () => this.begin(), "small");
            this.stopIt = lb.button(lb.t("Stop drawing"), () => this.stop(), "small");
            this.blind = lb.button(lb.t("Which is better? (blind)"), () => this.showPair(), "small");
            this.plot = new lb.SendPlot(app, tryView, this);
            this.sheet = lb.el("a", {class: "lb-button lb-small", download: "grid.png"}, lb.t("Save as PNG"));
            this.publish = lb.button(lb.t("Publish"), () => this.publishChosen(), "small");
            this.prompt = lb.el("select", {class: "lb-menu", "aria-label": lb.t("Prompt"), onchange: () => this.show()});
            this.table = lb.el("table", {class: "lb-strip-table lb-grid-table"});
            this.scroll = lb.el("div", {class: "lb-strip-scroll", tabindex: 0, role: "region", "aria-label": lb.t("Saved steps at several strengths")}, this.table);
            this.votes = new lb.BlindVote(app, () => this.load());
            this.standings = lb.el("ul", {class: "lb-advice"});
            this.node = lb.el("section", {class: "lb-judge", hidden: true},
                lb.el("p", {class: "lb-start"}, lb.el("b", {}, lb.t("Judge for yourself")), this.told, this.draw, this.stopIt, this.blind, this.plot.button, this.sheet, this.publish),
                this.plot.question, this.votes.node, this.prompt, this.scroll, this.standings);
        }

        update(/** @type {Rest.Result} */ result) {
            lb.show(this.node, Boolean(result.job));
            if (!result.job) return;
            this.result = result;
            if (this.job !== result.job) {
                this.job = result.job;
                this.grid = this.mark = this.chosen = null;
                this.votes.forget();
                this.plot.forget();
                this.load();
            }
            this.show();
        }

        async load() {
            clearTimeout(this.timer);
            const job = this.job;
            try {
                const grid = await this.app.server.get("jobs/" + job + "/grid");
                if (job !== this.job) return;
                this.grid = grid;
                if (grid.state === "drawing" && this.app.step === "try") this.timer = setTimeout(() => this.load(), 2000);
            } catch (error) {
                if (error.status !== 404) this.app.complain(error);
            }
            this.app.update();
        }

        begin() {
            return this.app.act(this.draw, async () => {
                const known = this.grid;
                const body = known && known.state === "stopped" ? {steps: known.steps, weights: known.weights} : {};
                this.grid = await this.app.server.post("jobs/" + this.job + "/grid", body);
                await this.load();
            });
        }

        stop() {
            return this.app.act(this.stopIt, async () => {
                this.app.tell(lb.sentence((await this.app.server.post("jobs/" + this.job + "/grid/stop", {})).sentence));
                await this.load();
            });
        }

        // ---- showing ----

        show() {
            const grid = this.grid;
            const drawing = Boolean(grid) && grid.state === "drawing";
            lb.setText(this.told, lb.gridWords(grid));
            lb.show(this.draw, !drawing);
            lb.setText(this.draw, grid && grid.state === "stopped" ? lb.t("Go on drawing") : grid ? lb.t("Draw again") : lb.t("Draw the grid"));
            lb.show(this.stopIt, drawing);
            for (const node of [this.scroll, this.sheet, this.blind]) lb.show(node, Boolean(grid) && grid.done > 0);
            lb.show(this.plot.button, this.try.canSend());
            lb.show(this.prompt, Boolean(grid) && grid.prompts.length > 1);
            lb.show(this.publish, Boolean(this.chosen));
            if (!grid) return;
            lb.setChoices(this.prompt, grid.prompts.map((text, at) => ({value: String(at), text: lb.shortened(text, 60)})), this.prompt.value || "0");
            lb.setAttribute(this.sheet, "href", this.app.server.url("jobs/" + this.job + "/grid/sheet"));
            this.showTable(grid);
            lb.sentences(this.standings, grid.standings.slice(0, 4).map(lb.standingWords));
        }

        showTable(grid) {
            const row = Number(this.prompt.value || 0);
            const mark = JSON.stringify([grid.pictures, row, this.chosen]);
            if (mark === this.mark) return;
            this.mark = mark;
            const find = (step, weight) => grid.pictures.find((one) => one.prompt === row && one.step === step && (step === null || one.weight === weight));
            const head = lb.el("tr", {}, lb.el("td", {}), lb.el("th", {scope: "col"}, lb.t("without")), ...grid.steps.map((step) => lb.el("th", {scope: "col"}, lb.t("step {step}", {step: lb.number(step)}))));
            const rows = grid.weights.map((weight, at) => lb.el("tr", {}, lb.el("th", {scope: "row"}, "× " + weight),
                lb.el("td", {}, at === 0 ? this.cell(find(null, 0), lb.t("without")) : null),
                ...grid.steps.map((step) => lb.el("td", {}, this.cell(find(step, weight), lb.t("step {step}, × {weight}", {step: lb.number(step), weight: weight}), {step: step, weight: weight})))));
            this.table.replaceChildren(lb.el("thead", {}, head), lb.el("tbody", {}, ...rows));
        }

        cell(one, name, place) {
            if (!one || !one.picture) return lb.el("span", {class: "lb-cell-empty", role: "img", "aria-label": lb.t("not drawn yet")});
            const image = lb.el("img", {src: this.app.server.url(one.picture), alt: name, loading: "lazy", decoding: "async"});
            if (!place) return image;
            const chosen = Boolean(this.chosen) && this.chosen.step === place.step && this.chosen.weight === place.weight;
            return lb.el("button", {type: "button", class: "lb-cell-button", "aria-pressed": String(chosen), onclick: () => this.choose(place)}, image);
        }

        choose(place) {
            this.chosen = place;
            lb.setText(this.publish, lb.t("Publish this one: step {step}, × {weight}", {step: lb.number(place.step), weight: place.weight}));
            this.try.choice.choose(place.step);
            this.show();
        }

        // ---- deeds ----

        /** The step, with the strength on its card. */
        publishChosen() {
            return this.app.act(this.publish, async () => {
                this.try.chosen = "job:" + this.job;
                const isThere = this.chosen.step === this.result.published_step;
                if (!isThere) this.app.tell(lb.sentence((await this.app.server.post("jobs/" + this.job + "/publish", {step: this.chosen.step})).sentence));
                else await this.app.server.post("jobs/" + this.job + "/card", {weight: this.chosen.weight});
                if (isThere) this.app.tell(lb.t("That step is published already; its card now says × {weight}.", {weight: this.chosen.weight}));
                lb.refreshCards(this.app);
                await this.app.load("loras", "loras");
            });
        }

        showPair() {
            return this.app.act(this.blind, () => this.votes.ask(this.job));
        }
    };

    /** How far a grid is. */
    lb.gridWords = function (grid) {
        if (!grid) return lb.t("Saved steps side by side, at several strengths, with the same seeds.");
        if (grid.sentence) return lb.sentence(grid.sentence);
        const values = {done: grid.done, total: grid.total, time: lb.about(grid.seconds_left || 0)};
        if (grid.state === "done") return lb.t("{total} pictures.", values);
        if (grid.state === "stopped") return lb.t("{done} of {total} pictures drawn.", values);
        const isWebui = grid.by === "webui";
        if (grid.seconds_left === null) return isWebui ? lb.t("{done} of {total} pictures drawn by this WebUI; you can leave.", values) : lb.t("{done} of {total} pictures drawn; you can leave.", values);
        return isWebui ? lb.t("{done} of {total} pictures drawn by this WebUI, {time} left; you can leave.", values) : lb.t("{done} of {total} pictures drawn, {time} left; you can leave.", values);
    };

    /** "step 450 × 0.8: preferred 80 % of 10 times (49 to 94 %)". */
    lb.standingWords = (one) => lb.t("step {step} × {weight}: preferred in {share} % of {votes} {votes:vote|votes} (95 %: {low} to {high} %)", {
        step: lb.number(one.step), weight: one.weight, share: Math.round(100 * one.share), votes: one.votes, low: Math.round(100 * one.low), high: Math.round(100 * one.high),
    });

    /** Two pictures side by side without their steps; after the answer it says which they were. */
    lb.BlindVote = class {
        constructor(/** @type {LoraBridgeApp} */ app, voted) {
            this.app = app;
            this.voted = voted;
            this.prompt = lb.el("p", {class: "lb-dim lb-small"});
            this.pictures = [0, 1].map((at) => {
                const image = lb.el("img", {alt: at ? lb.t("the right picture") : lb.t("the left picture")});
                return {image: image, button: lb.el("button", {type: "button", class: "lb-cell-button", onclick: () => this.vote(at)}, image)};
            });
            this.same = lb.button(lb.t("Neither"), () => this.vote(null), "small");
            this.enough = lb.button(lb.t("Enough"), () => this.forget(), "small");
            this.answer = lb.el("p", {class: "lb-small", "aria-live": "polite"});
            this.node = lb.el("div", {class: "lb-vote", hidden: true}, this.prompt, lb.el("div", {class: "lb-pair"}, ...this.pictures.map((one) => one.button)),
                lb.el("p", {class: "lb-start"}, this.same, this.enough), this.answer);
        }

        forget() {
            lb.show(this.node, false);
            lb.setText(this.answer, "");
        }

        async ask(job) {
            this.job = job;
            this.pair = await this.app.server.get("jobs/" + job + "/grid/pair");
            lb.setText(this.prompt, lb.t("Click the better one: {prompt}", {prompt: this.pair.prompt}));
            this.pictures.forEach((one, at) => { one.image.src = this.app.server.url(this.pair.pictures[at]); });
            lb.show(this.node, true);
        }

        async vote(at) {
            try {
                const body = {numbers: this.pair.numbers, better: at === null ? null : this.pair.numbers[at]};
                const told = await this.app.server.post("jobs/" + this.job + "/grid/vote", body);
                const [left, right] = told.shown.map((one) => lb.t("step {step}, × {weight}", {step: lb.number(one.step), weight: one.weight}));
                lb.setText(this.answer, lb.t("Left was {left}, right was {right}.", {left: left, right: right}));
                await this.ask(this.job);
                this.voted();
            } catch (error) {
                this.app.complain(error);
            }
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
