// @ts-check
/* In txt2img and img2img: why Generate waits, with "Generate now" beside it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const LOOK_MS = 2000;

    /** What is said below Generate, or "" where it doesn't wait for a training. */
    lb.waitingText = function (status) {
        const job = status && status.generate_waits ? status.running : null;
        if (!job) return "";
        if (job.status === "stopping") return lb.t("A LoRA is training: the picture comes when it has saved.");
        return job.step && job.total ? lb.t("A LoRA is training (step {step} of {total}): the picture waits for the GPU.", job)
            : lb.t("A LoRA is training: the picture waits for the GPU.");
    };

    /** One line below a Generate button. */
    lb.Waiting = class {
        constructor(generate) {
            this.generate = generate;
            this.text = lb.el("span", {});
            this.now = lb.button(lb.t("Generate now"), () => this.pause(), "small");
            this.now.title = lb.t("Pauses at the next save, gives the GPU back, and goes on by itself afterwards.");
            this.node = lb.el("div", {class: "lb-waiting", role: "status", hidden: true}, this.text, " ", this.now);
            generate.addEventListener("click", () => this.look());
        }

        async look() {
            clearTimeout(this.timer);
            const status = await lb.app.server.get("status").catch(() => null);
            this.job = status && status.running;
            const text = lb.waitingText(status);
            if (text && !this.node.isConnected) (this.generate.closest("[id$=_generate_box]") || this.generate).after(this.node);
            lb.setText(this.text, text);
            lb.show(this.now, Boolean(this.job) && this.job.status === "running");
            lb.show(this.node, Boolean(text));
            const mayWait = status && status.host_busy && (status.running || status.waiting); // a training may come first
            if (text || mayWait) this.timer = setTimeout(() => this.look(), LOOK_MS);
        }

        async pause() {
            this.now.disabled = true;
            try {
                await lb.app.server.post("jobs/" + this.job.id + "/pause", {});
            } catch (error) {
                lb.setText(this.text, (error.sentences || []).join(" "));
            }
            this.now.disabled = false;
            this.look();
        }
    };

    /** Watches the host's Generate buttons, once each. */
    lb.watchGenerate = function () {
        for (const id of ["txt2img_generate", "img2img_generate"]) {
            const button = lb.host().querySelector("#" + id);
            if (button && !button.lbWaiting) button.lbWaiting = new lb.Waiting(button);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
