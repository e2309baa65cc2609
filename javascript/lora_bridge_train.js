// @ts-check
/* Step 3: the sum, four fields, Start, and how the training goes. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    lb.Train = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.setup = new lb.Setup(app);
            this.advanced = new lb.Advanced(app);
            this.regularization = new lb.Regularization(app);
            this.about = new lb.About();
            this.importer = new lb.Import(app);
            this.history = new lb.History(app);
            this.curve = new lb.Curve(app);
            this.strip = new lb.SampleStrip(app);
            this.panel = lb.el("div", {}, this.buildSum(), this.setup.node, this.buildFields(), this.about.node, this.buildStart(), this.buildRun(),
                lb.el("div", {class: "lb-folded"}, this.regularization.node, this.advanced.node, this.importer.node, this.buildLog(), this.history.node), this.buildFoot());
            lb.acceptFiles(this.panel, (files) => (files.some(lb.isConfig) ? this.importer.bring(files) : app.views.photos.upload(files)));
        }

        buildSum() {
            this.photos = lb.el("span", {});
            this.steps = lb.el("b", {});
            this.time = lb.el("span", {});
            this.memory = lb.el("span", {class: "lb-dim"});
            this.sum = lb.el("p", {class: "lb-sum", "aria-live": "polite"}, this.photos, " ", this.steps, this.time, " ", this.memory);
            return this.sum;
        }

        buildFields() {
            const save = (name, value, delay) => this.app.saveDraft("training." + name, {training: {[name]: value}}, delay);
            this.base = lb.field(lb.t("Base model"), lb.el("select", {onchange: () => save("base", this.base.input.value || null, 0)}));
            this.choice = new lb.PresetChoice(this.app, (name) => save("preset", name || null, 0));
            this.chooser = new lb.BaseChooser(this.app);
            this.count = lb.field(lb.t("Steps"), lb.el("input", {
                type: "number", min: 1, max: 1000000, step: 1, inputmode: "numeric",
                oninput: () => { if (this.count.input.checkValidity() && this.count.input.value) save("steps", Number(this.count.input.value)); },
                onblur: () => this.app.saver.flush("draft training.steps"),
            }));
            this.name = lb.field(lb.t("LoRA name"), lb.el("input", {
                type: "text", autocomplete: "off", spellcheck: "false", maxlength: 64, oninput: () => save("lora_name", this.name.input.value),
                onblur: () => this.app.saver.flush("draft training.lora_name"),
            }));
            const fields = [this.base, this.choice.subject, this.choice.memory, this.count, this.name];
            this.base.node.append(this.chooser.opener);
            return lb.el("div", {}, lb.el("div", {class: "lb-row lb-row-5"}, ...fields.map((field) => field.node)), this.chooser.node);
        }

        buildStart() {
            this.start = lb.button(lb.t("Start training"), () => this.begin(), "primary");
            this.promise = lb.el("span", {class: "lb-dim"});
            this.later = new lb.StartLater((at) => this.begin(at));
            this.isPrivate = new lb.PrivateTick(this.app);
            this.problems = lb.el("ul", {class: "lb-problems"});
            this.advice = lb.el("ul", {class: "lb-advice"});
            this.missing = lb.el("p", {hidden: true}, lb.t("Before it can start:"));
            return lb.el("div", {}, lb.el("p", {class: "lb-start"}, this.start, " ", this.promise, " ", this.later.node), lb.el("p", {}, this.isPrivate.node), this.missing, this.problems, this.advice);
        }

        buildRun() {
            this.title = lb.el("h3", {});
            this.sentence = lb.el("p", {});
            this.notes = lb.el("ul", {class: "lb-advice"});
            this.buttons = lb.el("p", {class: "lb-start"});
            this.aboutCurve = lb.el("p", {class: "lb-dim lb-small"});
            this.run = lb.el("section", {class: "lb-run", hidden: true}, this.title, this.sentence, this.buttons,
                this.strip.node, lb.el("div", {class: "lb-chart"}, this.curve.node, this.aboutCurve), this.notes);
            return this.run;
        }

        buildFoot() {
            this.foot = lb.el("div", {class: "lb-foot", hidden: true}, this.app.next("try", lb.t("Next: try")));
            this.foot.firstChild.classList.remove("lb-primary");
            return this.foot;
        }

        buildLog() {
            this.logPart = lb.part("log", lb.t("Log"), () => this.update());
            this.log = lb.el("pre", {class: "lb-log", tabindex: 0, "aria-label": lb.t("Log")});
            this.logPart.body.append(this.log);
            return this.logPart.node;
        }

        // ---- deeds ----

        /** `at`: a time to come, with its zone; without one it starts at once. */
        begin(at) {
            this.starting = true;
            lb.askToNotify();
            return this.app.act(at ? this.later.button : this.start, async () => {
                await this.app.saver.flush();
                try {
                    const answer = await this.app.server.post("train", {seen: lb.seenOf(this.app.state.draft), at: at || null});
                    this.refused = null;
                    this.told = {job: answer.job, notes: answer.notes || []};
                    this.app.say(lb.t("The training is in the queue."));
                    this.app.follow(null);
                    return answer;
                } catch (error) {
                    if (!error.status || error.status === 403) throw error;
                    this.refused = error.english;
                    this.app.wantDraft = true;
                    this.app.planSoon();
                    return null;
                }
            }).finally(() => { this.starting = false; });
        }

        opened() {
            this.refused = null;
            this.app.planSoon();
            this.app.load("bases", "bases").then(() => this.chooseBase());
            if (!this.app.state.presets) this.app.load("presets", "presets");
            if (this.advanced.part.node.open) this.advanced.opened();
        }

        /** Nobody has to choose a base: the one that the WebUI has loaded is taken, else the first that can be trained. */
        chooseBase() {
            const state = this.app.state;
            if (this.chose || !state.bases || !state.draft || state.draft.training.base) return;
            this.chose = true;
            const usable = state.bases.bases.filter((base) => base.trainable);
            const loaded = lb.bareTitle(lb.loadedCheckpoint());
            const best = usable.find((base) => loaded && lb.bareTitle(base.title) === loaded) || usable[0];
            if (best) this.app.saveDraft("training.base", {training: {base: best.title}}, 0);
        }

        // ---- showing ----

        update() {
            const {plan} = this.app.state;
            lb.apart([
                () => this.chooseBase(), () => this.showSum(), () => this.showFields(), () => this.setup.update(), () => this.showProblems(), () => this.showRun(),
                () => this.about.update(plan), () => this.advanced.update(), () => this.regularization.update(), () => this.importer.update(), () => this.history.update(),
                () => lb.show(this.foot, this.app.views.try.offered().length > 0),
            ]);
        }

        showSum() {
            const plan = this.app.state.plan;
            lb.show(this.sum, Boolean(plan) && plan.photos > 0);
            if (!plan) return;
            const numbers = Math.ceil(plan.photos * plan.repeats / plan.batch) === plan.steps;
            const sum = lb.t("{photos} {photos:photo|photos} × {repeats} {repeats:repeat|repeats} ÷ batch {batch} =", plan);
            lb.setText(this.photos, numbers ? sum : lb.sentence(plan.sentence));
            lb.setText(this.steps, numbers ? lb.t("{n} {steps:step|steps}", {n: lb.number(plan.steps), steps: plan.steps}) : "");
            lb.setText(this.time, this.timeWords(plan));
            const memory = plan.memory && lb.t("{free} of {total} GB free.", {free: lb.gigabytes(plan.memory.free), total: lb.gigabytes(plan.memory.total)});
            lb.setText(this.memory, [plan.seconds ? "" : lb.sentence(plan.seconds_from), memory].filter(Boolean).join(" "));
            lb.setAttribute(this.time, "title", plan.seconds ? lb.sentence(plan.seconds_from) : null);
        }

        timeWords(/** @type {Rest.Plan} */ plan) {
            if (!plan.seconds) return ".";
            const time = lb.about(plan.seconds);
            return plan.gpu ? lb.t(", about {time} on this {gpu}.", {time: time, gpu: plan.gpu}) : lb.t(", about {time} here.", {time: time});
        }

        showFields() {
            const state = this.app.state;
            const training = state.draft && state.draft.training;
            const plan = state.plan;
            if (!state.bases) lb.setChoices(this.base.input, [{value: "", text: lb.t("Loading ...")}], "");
            if (state.bases) lb.setChoices(this.base.input, this.baseChoices(state.bases.bases, training && training.base), (this.unsaved("base") || training || {}).base);
            this.choice.update(state.presets && state.presets.presets, plan, (this.unsaved("preset") || training || {}).preset);
            this.chooser.update(state.bases, training);
            if (!training) return;
            this.isPrivate.update(this.unsaved("private") || training);
            lb.setValue(this.count.input, (this.unsaved("steps") || training).steps);
            lb.setValue(this.name.input, (this.unsaved("lora_name") || training).lora_name);
            lb.setAttribute(this.name.input, "placeholder", (plan && plan.lora_stem) || state.draft.name || "AlvaroBadia");
            lb.setText(this.name.hint, this.stemWords(plan, training.lora_name || state.draft.name));
            const base = plan && plan.base;
            lb.setText(this.base.hint, base ? this.baseWords(base) : "");
        }

        /** A training choice that was made and isn't saved yet. */
        unsaved(name) {
            const body = this.app.saver.unsaved("draft training." + name);
            return body && body.training;
        }

        baseChoices(bases, chosen) {
            const none = {value: "", text: bases.length ? lb.t("choose one") : lb.t("none yet, see below")};
            const gone = chosen && !bases.some((base) => base.title === chosen) ? [{value: chosen, text: lb.t("{base} (not in the list)", {base: chosen})}] : [];
            return [none, ...gone, ...bases.map((base) => ({
                value: base.title, disabled: !base.trainable, title: lb.sentence(base.why || ""),
                text: [lb.bareTitle(base.title).replace(/\.safetensors$/, ""), base.family_name, base.trainable ? "" : lb.shortened(lb.sentence(base.why || ""), 90)].filter(Boolean).join(" · "),
            }))];
        }

        /** Why the base can't be trained on, or which of the files beside it are missing. */
        baseWords(base) {
            if (!base.trainable) return lb.sentence(base.why);
            const names = (base.lacks || []).map((sentence) => lb.problemParts(sentence).where).join(", ");
            return names && lb.t("It needs files beside it, see below: {names}", {names: names});
        }

        stemWords(/** @type {Rest.Plan} */ plan, wanted) {
            if (!plan || !plan.lora_stem) return "";
            return plan.lora_stem === wanted ? lb.t("(free)") : lb.t("will be saved as {stem}", {stem: plan.lora_stem});
        }

        showProblems() {
            const plan = this.app.state.plan;
            const said = this.setup.said();
            const planned = plan ? plan.problems : [];
            const refused = (this.refused || []).filter((sentence) => !planned.includes(sentence));
            lb.showProblems(this.app, this.problems, [...planned.filter((problem) => !said.includes(problem)), ...refused]);
            lb.setClass(this.problems, "lb-refused", refused.length > 0);
            lb.show(this.missing, planned.length > 0 && !this.problems.hidden);
            this.showStart(plan, planned);
            const status = this.app.state.status;
            const advice = lb.saidOnce([...lb.toldOf(this.told, status), ...((plan && plan.advice) || [])], lb.notesOf(status));
            lb.sentences(this.advice, advice.map(lb.sentence));
            const host = this.app.state.host;
            const inside = host && host.host !== "standalone";
            lb.setText(this.promise, inside ? lb.t("The WebUI's model leaves the GPU while it trains, and comes back afterwards.")
                : lb.t("It goes on when this page is closed."));
        }

        /** Start is quiet until it can start. */
        showStart(/** @type {Rest.Plan} */ plan, planned) {
            const draft = this.app.state.draft;
            const writing = draft && draft.writing;
            const can = Boolean(plan) && !planned.length && !writing;
            lb.setClass(this.start, "lb-primary", can);
            if (!this.starting) {
                this.start.disabled = !can;
                this.later.update(can);
            }
            lb.setText(this.start, writing && writing.total ? lb.t("Copying photos: {done} of {total}", writing) : lb.t("Start training"));
        }

        showRun() {
            const status = this.app.state.status;
            const job = status && status.job && status.job.kind === "train" ? status.job : null;
            lb.show(this.run, Boolean(job));
            lb.show(this.logPart.node, Boolean(job));
            if (!job) return;
            const step = job.step && job.total ? lb.t("step {step} of {total}", {step: lb.number(job.step), total: lb.number(job.total)}) : "";
            const paused = Boolean(status.paused) && status.paused.job.id === job.id;
            lb.setText(this.title, [job.title, paused ? lb.t("paused") : lb.statusWord(job.status), step].filter(Boolean).join(" · "));
            lb.setText(this.sentence, paused ? "" : lb.isOver(job) ? lb.sentence(job.sentence) : lb.sentence(status.phase));
            lb.show(this.sentence, Boolean(this.sentence.textContent));
            this.showButtons(job);
            this.curve.set(this.app.known.curve, job.total, status.best, job.id);
            lb.setText(this.aboutCurve, lb.curveWords(this.curve));
            this.strip.update(status.strip, job);
            lb.sentences(this.notes, lb.notesOf(status).map(lb.sentence));
            if (this.logPart.node.open) lb.showLog(this.app, this.log, job, 300);
        }

        showButtons(job) {
            const mark = job.id + job.status;
            if (this.buttonsOf === mark) return;
            this.buttonsOf = mark;
            const buttons = job.status === "succeeded" ? [lb.button(lb.t("Try it"), () => this.app.views.try.show(job.id), "primary")]
                : lb.jobButtons(this.app, job).filter((one) => one.dataset.action === "resume" || one.dataset.action === "retry");
            this.buttons.replaceChildren(...buttons);
            lb.show(this.buttons, buttons.length > 0);
        }
    };

    /** What the chart shows, in words. */
    lb.curveWords = function (curve) {
        if (curve.measured().length > 1) return lb.t("Loss at fixed noise, measured at every save, with its error. While the strong line falls, it learns your subject; where it rises again, it learns your photos by heart.");
        return curve.points.length > 1 ? lb.t("The loss on the photos that it trains on: it always falls, so it doesn't say which step is best.") : "";
    };

    /** What a window shows of the draft, for Start to train just that. */
    lb.seenOf = (draft) => ({name: draft.name, class_token: draft.class_token, training: draft.training});

    /** What was said at a start, as long as that training waits or runs. */
    lb.toldOf = function (told, status) {
        const job = status && [status.running, status.job].find((one) => one && told && one.id === told.job);
        return told && job && !lb.isOver(job) ? told.notes : [];
    };

    /** What a training says of itself, each thing once. */
    lb.notesOf = (status) => (status && status.job && status.job.kind === "train" ? lb.saidOnce(status.notes || []) : []);

    /** Sample pictures in the order of their steps; a click shows one in full size. */
    lb.showSamples = function (app, box, samples) {
        lb.fillList(box, samples, (sample) => sample.url, (sample) => {
            const name = sample.preview ? lb.t("the card's picture") : sample.step ? lb.t("step {step}", {step: sample.step}) : lb.t("before");
            const address = app.server.url(sample.url);
            return lb.el("a", {class: "lb-sample", href: address, target: "_blank", rel: "noopener"},
                lb.el("img", {src: address, alt: lb.t("Sample: {name}", {name: name}), loading: "lazy", decoding: "async"}), lb.el("span", {}, name));
        });
        lb.show(box, samples.length > 0);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
