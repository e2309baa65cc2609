// @ts-check
/* In step 4: the WebUI's own script X/Y/Z plot, filled in with a training's saved steps and strengths. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** A button, and the question that it asks where the script would not find every saved step. */
    lb.SendPlot = class {
        constructor(/** @type {LoraBridgeApp} */ app, tryView, judge) {
            this.app = app;
            this.try = tryView;
            this.judge = judge;
            this.button = lb.button(lb.t("Send to X/Y/Z plot"), () => this.begin(), "small");
            this.asked = lb.el("span", {});
            this.all = lb.button(lb.t("Publish them and send"), () => this.publish(), "small");
            this.some = lb.button(lb.t("Send without them"), () => this.send(), "small");
            this.question = lb.el("p", {class: "lb-note", hidden: true}, this.asked, " ", this.all, " ", this.some);
        }

        forget() {
            lb.show(this.question, false);
        }

        get files() {
            return (this.app.state.loras && this.app.state.loras.loras) || [];
        }

        begin() {
            const missing = lb.unpublishedSteps(this.judge.result, this.files);
            if (!missing.length) {
                this.send();
                return;
            }
            lb.setText(this.asked, lb.t("The plot finds LoRAs in models/Lora only. These saved steps aren't there: {steps}.", {steps: missing.map((step) => lb.number(step)).join(", ")}));
            lb.show(this.question, true);
        }

        publish() {
            return this.app.act(this.all, async () => {
                const {result, job} = this.judge;
                this.try.chosen = "job:" + job;
                for (const step of lb.unpublishedSteps(result, this.files)) await this.app.server.post("jobs/" + job + "/publish", {step: step});
                lb.refreshCards(this.app);
                await this.app.load("loras", "loras");
                this.send();
            });
        }

        /** One picture a cell, at the family's own size: a batch or hires fix would take hours. */
        send() {
            this.forget();
            const {result, grid} = this.judge;
            const axes = lb.plotAxes(result, lb.stepStems(result, this.files), (grid && grid.weights) || [0.6, 0.8, 1]);
            this.try.sendText(lb.plotText(result, axes), 1);
            this.keep(axes);
        }

        /** Forge's script empties its values when a paste changes their type: for ten seconds after that they are filled in again. */
        keep(axes, left = 20, patience = 120) {
            const field = (/** @type {string} */ name) => lb.host().querySelector("#script_txt2img_xyz_plot_" + name);
            const type = field("x_type input");
            const pasted = Boolean(type) && type.value === "Prompt S/R";
            for (const [axis, value] of pasted ? Object.entries(axes) : []) {
                const box = field(axis + "_values textarea");
                if (box && box.value === "") this.try.type(box, value);
            }
            if (left && patience) setTimeout(() => this.keep(axes, pasted ? left - 1 : left, patience - 1), 500);
        }
    };

    /** Saved steps that no file in the Lora folder holds. */
    lb.unpublishedSteps = function (result, files) {
        const there = new Set(files.filter((file) => file.job === result.job).map((file) => file.step));
        return result.saves.filter((step) => step !== result.published_step && !there.has(step));
    };

    /** The names of its saved steps in the Lora folder, in their order. */
    lb.stepStems = (result, files) => files.filter((file) => file.job === result.job && file.step).sort((one, other) => one.step - other.step).map((file) => file.stem);

    /** The script's values: strengths across, saved steps that are published down. */
    lb.plotAxes = function (result, stems, weights) {
        const across = [":1>", ...weights.filter((weight) => weight !== 1).map((weight) => ":" + weight + ">")].join(", ");
        const down = [result.stem, ...stems].map((stem) => "<lora:" + stem + ":").join(", ");
        return stems.length ? {x: across, y: down} : {x: across};
    };

    /** The text for txt2img with the script filled in. */
    lb.plotText = function (result, axes) {
        const values = Object.entries(axes).map(([axis, value]) => axis.toUpperCase() + " Type: Prompt S/R, " + axis.toUpperCase() + " Values: " + JSON.stringify(value));
        const text = (result.infotext_512 || result.infotext).replace(/, Denoising strength: .*$/, "");
        return [text, "Script: X/Y/Z plot", ...values].join(", ");
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
