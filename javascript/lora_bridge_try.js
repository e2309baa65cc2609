// @ts-check
/* Step 4: the finished LoRA, and the way to txt2img. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Try = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.empty = lb.el("p", {class: "lb-empty", hidden: true});
            this.loading = lb.el("p", {class: "lb-loading"}, lb.t("Loading ..."));
            this.which = lb.field("LoRA", lb.el("select", {onchange: () => this.choose(this.which.input.value)}));
            this.file = lb.el("b", {class: "lb-good"});
            this.facts = lb.el("span", {});
            this.pair = new lb.Pair(app);
            this.choice = new lb.StepChoice(app);
            this.grid = new lb.JudgeGrid(app, this);
            this.after = new lb.AfterTraining(app);
            this.tools = new lb.LoraTools(app);
            this.text = lb.el("pre", {class: "lb-infotext", tabindex: 0, "aria-label": lb.t("What goes to txt2img")});
            this.body = lb.el("div", {class: "lb-tried", hidden: true}, lb.el("p", {}, this.file, " ", this.facts),
                lb.el("div", {class: "lb-thirds"}, this.pair.node, this.choice.node, lb.el("div", {}, this.text, this.buildButtons(), this.buildBase())),
                this.grid.node, lb.el("div", {class: "lb-folded"}, this.after.node, this.tools.node));
            this.panel = lb.el("div", {}, this.loading, this.empty, this.which.node, this.body);
        }

        buildButtons() {
            this.send = lb.button(lb.t("Send to txt2img"), () => this.sendText(this.textOf(this.result.infotext)), "primary");
            this.small = lb.button(lb.t("512 with hires fix (better for SD 1.5)"), () => this.useSmall());
            this.copy = lb.button(lb.t("Copy"), () => this.copyText());
            this.why = lb.el("p", {class: "lb-dim lb-small"}, lb.t("SD 1.5 and 2 were trained at 512: at 1024 in one go they tend to draw bodies twice. Hires fix draws at 512, then enlarges."));
            this.how = lb.el("p", {class: "lb-dim lb-small"}, lb.t("Copy this text into the prompt of txt2img, then press the arrow below Generate: it fills in everything. Set the batch count to 5."));
            return lb.el("div", {}, lb.el("p", {class: "lb-start"}, this.send, " ", this.small, " ", this.copy), this.why, this.how);
        }

        buildBase() {
            this.baseText = lb.el("span", {});
            this.baseButton = lb.button(lb.t("Load it"), () => {
                selectCheckpoint(this.result.base_title);
                lb.show(this.base, false);
            }, "small");
            this.base = lb.el("p", {class: "lb-note", hidden: true}, this.baseText, " ", this.baseButton);
            return this.base;
        }

        // ---- which one ----

        /** Opens this step with one job's result. */
        show(id) {
            this.chosen = "job:" + id;
            this.app.open("try");
        }

        choose(key) {
            this.chosen = key;
            this.app.update();
        }

        /** Everything that can be tried, newest first: {key, title, time, path of its result}. */
        offered() {
            const {jobs, loras} = this.app.state;
            const done = ((jobs && jobs.jobs) || []).filter((job) => job.kind === "train" && job.status === "succeeded");
            const byJob = (job) => ({key: "job:" + job.id, mark: job.id + "." + job.attempt, title: job.title, time: job.finished || job.created, path: "jobs/" + job.id + "/result"});
            const apart = ((loras && loras.loras) || []).filter((file) => file.step === null || !done.some((job) => job.id === file.job)); // a step is chosen in its job's own entry
            const files = apart.map((file) => {
                const job = done.find((one) => one.id === file.job);
                return job ? {...byJob(job), title: file.stem} : {key: "file:" + file.file, mark: file.file + file.time, title: file.stem, time: file.time,
                    path: "loras/result?file=" + encodeURIComponent(file.file)};
            });
            const gone = done.filter((job) => !files.some((file) => file.key === "job:" + job.id)).map(byJob);
            return [...files, ...gone].sort((one, other) => other.time - one.time);
        }

        opened() {
            this.asked = null;
            this.app.load("loras", "loras");
            if (!this.app.state.bases) this.app.load("bases", "bases");
        }

        async ask(one) {
            this.asked = one.mark;
            this.measured = this.toolsOver();
            this.result = null;
            try {
                const result = await this.app.server.get(one.path);
                if (this.asked !== one.mark) return;
                this.result = result;
                this.small512 = false;
            } catch (error) {
                if (error.status) this.app.complain(error);
                else this.asked = null;
                this.lost = one.mark;
            }
            this.app.update();
        }

        /** The jobs that are over and trained nothing: what they measured belongs to the result. */
        toolsOver() {
            const {jobs} = this.app.state;
            return ((jobs && jobs.jobs) || []).filter((job) => job.kind === "tool" && lb.isOver(job)).map((job) => job.id + "." + job.attempt).join();
        }

        /** The same result once more, shown only when it is there. */
        async askAgain(one) {
            this.measured = this.toolsOver();
            const result = await this.app.server.get(one.path).catch(() => null);
            if (!result || this.asked !== one.mark) return;
            this.result = result;
            this.app.update();
        }

        // ---- showing ----

        update() {
            const {jobs, loras} = this.app.state;
            const offered = this.offered();
            const one = offered.find((some) => some.key === this.chosen) || offered[0];
            lb.show(this.empty, Boolean(jobs && loras) && !one);
            if (!one) lb.setText(this.empty, lb.nothingToTry((jobs && jobs.jobs) || []));
            lb.show(this.which.node, offered.length > 1);
            lb.show(this.loading, one ? !this.result && this.lost !== one.mark : !jobs || !loras);
            lb.show(this.body, Boolean(one && this.result));
            if (!one) return;
            lb.setChoices(this.which.input, offered.map((some) => ({value: some.key, text: some.title + " · " + lb.when(some.time)})), one.key);
            if (this.asked !== one.mark) this.ask(one);
            else if (this.result && this.measured !== this.toolsOver()) this.askAgain(one);
            lb.show(this.body, Boolean(this.result));
            if (this.result) this.showResult(this.result);
        }

        showResult(/** @type {Rest.Result} */ result) {
            lb.setText(this.file, lb.t("{file} is in {folder}.", lb.filePlace(result)));
            lb.setText(this.facts, lb.resultFacts(result).join(" "));
            lb.apart([() => this.pair.update(result, this.grid.grid), ...[this.choice, this.grid, this.after, this.tools].map((part) => () => part.update(result))]);
            lb.setText(this.text, this.textOf((this.small512 && result.infotext_512) || result.infotext));
            const canSend = this.canSend();
            lb.show(this.send, canSend);
            lb.setClass(this.copy, "lb-primary", !canSend);
            lb.show(this.how, !canSend);
            lb.show(this.small, Boolean(result.infotext_512));
            lb.show(this.why, Boolean(result.infotext_512));
            if (result.why_512) lb.setText(this.why, lb.sentence(result.why_512));
            lb.setAttribute(this.small, "aria-pressed", canSend ? null : String(Boolean(this.small512)));
            this.showBase(result);
        }

        /** Offers the base model that the LoRA was trained on, where the WebUI has another loaded. */
        showBase(/** @type {Rest.Result} */ result) {
            const loaded = lb.loadedCheckpoint();
            const bases = (this.app.state.bases && this.app.state.bases.bases) || [];
            const listed = bases.some((base) => base.title === result.base_title);
            const other = listed && this.canSend() && typeof selectCheckpoint === "function" && result.base_title && loaded
                && lb.bareTitle(loaded) !== lb.bareTitle(result.base_title);
            lb.show(this.base, Boolean(other));
            if (other) lb.setText(this.baseText, lb.t("It was trained on {base}; {other} is loaded.", {base: lb.bareTitle(result.base_title), other: lb.bareTitle(loaded)}));
        }

        /** A text for txt2img with the LoRA of the step that is chosen, once that is published. */
        textOf(text) {
            const files = (this.app.state.loras && this.app.state.loras.loras) || [];
            return lb.withStem(text, this.result, lb.stepStem(this.result, files, Number(this.choice.steps.value)));
        }

        // ---- deeds ----

        canSend() {
            const host = this.app.state.host;
            return Boolean(host && host.can_send && lb.host().querySelector("#lora_bridge_paste"));
        }

        useSmall() {
            if (this.canSend()) {
                this.small512 = true;
                this.sendText(this.textOf(this.result.infotext_512));
            } else {
                this.small512 = !this.small512;
            }
            this.app.update();
        }

        /** Fills txt2img through the host's own paste button, which also switches the tab; `batches`: so many pictures one after another. */
        sendText(text, batches = this.result.batch_count || 5) {
            const host = lb.host();
            const box = host.querySelector("#lora_bridge_infotext textarea");
            const found = host.querySelector("#lora_bridge_paste");
            const button = found && found.tagName !== "BUTTON" ? found.querySelector("button") : found;
            if (!box || !button || !text) return;
            this.type(box, text);
            setTimeout(() => {
                button.click();
                const count = host.querySelector("#txt2img_batch_count input[type=number]");
                if (count) this.type(count, String(batches));
            }, 60);
        }

        type(input, text) {
            input.value = text;
            if (typeof updateInput === "function") updateInput(input);
            else input.dispatchEvent(new Event("input", {bubbles: true}));
        }

        async copyText() {
            await lb.copy(this.text.textContent);
            lb.setText(this.copy, lb.t("Copied"));
            setTimeout(() => lb.setText(this.copy, lb.t("Copy")), 1500);
        }
    };

    /** Why there is no LoRA yet, by the newest training; `jobs` come newest first. */
    lb.nothingToTry = function (jobs) {
        const newest = jobs.find((job) => job.kind === "train");
        if (newest && !lb.isOver(newest)) return lb.t("Nothing to try yet: {title} is not finished.", newest);
        if (newest && newest.saved) return lb.t("Nothing to try yet. Resume {title} in step 3, or publish the step that it has saved (Queue and history).", newest);
        return lb.t("Nothing to try yet: start a training in step 3.");
    };

    /** What a saved step is called in the Lora folder; where it isn't there, the job's own LoRA. */
    lb.stepStem = function (result, files, step) {
        const own = result.job && step !== result.published_step && files.find((file) => file.job === result.job && file.step === step);
        return own ? own.stem : result.stem;
    };

    /** A prompt of the job's LoRA as one of another file. */
    lb.withStem = (text, result, stem) => text.split("<lora:" + result.stem + ":").join("<lora:" + stem + ":");

    /** Put text into the clipboard; over plain http only the old way is open. */
    lb.copy = async function (text) {
        try {
            await navigator.clipboard.writeText(text);
        } catch (error) {
            const holder = document.createElement("textarea");
            holder.value = text;
            document.body.append(holder);
            holder.select();
            document.execCommand("copy");
            holder.remove();
        }
    };

    /** The title of the model that the WebUI has loaded; "" without a WebUI. */
    lb.loadedCheckpoint = () => (typeof opts === "object" && opts && opts.sd_model_checkpoint) || "";

    /** A published file's name, and the last two folders that it is in. */
    lb.filePlace = function (result) {
        const parts = (result.file || "").split(/[\\/]/).filter(Boolean);
        return {file: parts.pop() || result.stem + ".safetensors", folder: parts.slice(-2).join("/") || "models/Lora"};
    };

    /** The line of facts: what the server says of it, and the proof. */
    lb.resultFacts = function (result) {
        const parts = lb.partsOf(result.sentence);
        const did = parts.find((part) => lb.codeOf(part) === "result.did");
        const found = parts.find((part) => lb.codeOf(part) === "loras.found"); // its place stands before
        const facts = found ? [lb.t("{count} {count:module|modules}, rank {rank}.", lb.messageOf(found).values)] : (did ? [did] : parts).map(lb.sentence);
        if (result.proof && !did) {
            facts.push(lb.t("Denoising loss {without} → {with}.", {without: lb.loss(result.proof.without), with: lb.loss(result.proof.with_lora)}));
        }
        return [...facts, ...lb.resultCosts(result.facts || {}, result.healed || [])].filter(Boolean);
    };

    /** A training that has left the view while it ran: whether it ended isn't told any more. */
    lb.isLost = (was, is) => Boolean(was) && was.kind === "train" && !lb.isOver(was) && (!is || is.id !== was.id);

    /** What it took, and what was changed on the way. */
    lb.resultCosts = function (facts, healed) {
        const memory = facts.peak_memory_bytes && lb.gigabytes(facts.peak_memory_bytes);
        const took = !facts.seconds ? "" : memory ? lb.t("It took {time} and at most {memory} GB of memory.", {time: lb.duration(facts.seconds), memory: memory})
            : lb.t("It took {time}.", {time: lb.duration(facts.seconds)});
        return [took, ...healed.map(lb.sentence)];
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
