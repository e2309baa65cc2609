// @ts-check
/* LoRA Bridge: the tab "Train LoRA". The page is drawn into one empty element and owns nothing: what it shows comes from
   the server, what is typed goes there at once. The other lora_bridge_*.js files are its parts; this one puts them together. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const STEPS = ["photos", "captions", "train", "try"];
    /** Photos in one answer. */
    const PAGE = 500;
    /** Rows of an answer that are drawn a moment after they were taken, so that the page isn't held up. */
    const MANY = 200;
    /** Milliseconds between two looks at a training while the browser shows something else. */
    const UNSEEN = 10000;

    lb.App = class {
        constructor(root) {
            this.root = root;
            this.server = new lb.Server(root.dataset.base || "./lora-bridge/v1/", root.dataset.nonce || "");
            this.saver = new lb.Saver(this.server, (key, answer) => this.saved(key, answer), (key, error, entry) => this.notSaved(key, error, entry));
            this.state = {status: null, draft: null, plan: null, host: null, engine: null, bases: null, presets: null, jobs: null};
            this.known = lb.noProgress();
            this.followed = null;
            this.failures = 0;
            this.build();
            this.listen();
            this.begin();
        }

        // ---- the frame ----

        build() {
            this.views = {photos: new lb.Photos(this), captions: new lb.Captions(this), train: new lb.Train(this), try: new lb.Try(this)};
            const titles = {photos: lb.t("1 Photos"), captions: lb.t("2 Captions"), train: lb.t("3 Train"), try: lb.t("4 Try")};
            this.strip = new lb.Strip(this);
            this.windows = new lb.Windows(this);
            this.loading = lb.el("p", {class: "lb-loading", role: "status"}, lb.t("Loading ..."));
            this.offline = lb.el("p", {class: "lb-offline", hidden: true}, lb.t("Connection lost, trying again."));
            this.bare = lb.el("p", {class: "lb-note", hidden: true}, lb.t("Training is not set up yet. Photos and captions can be prepared meanwhile."), " ",
                lb.button(lb.t("Set up in step 3"), () => this.open("train"), "small"));
            this.alert = new lb.Alert(this);
            this.tabs = {};
            const tabs = lb.el("div", {class: "lb-tabs", role: "tablist", "aria-label": lb.t("Train LoRA"), onkeydown: (event) => this.arrow(event)});
            this.panels = lb.el("div", {class: "lb-panels", hidden: true});
            for (const step of STEPS) {
                const panel = this.views[step].panel;
                const tab = lb.el("button", {
                    type: "button", role: "tab", class: "lb-tab", id: "lora-bridge-tab-" + step, "aria-controls": "lora-bridge-" + step,
                    onclick: () => this.open(step),
                }, titles[step]);
                panel.id = "lora-bridge-" + step;
                panel.className = "lb-panel";
                panel.setAttribute("role", "tabpanel");
                panel.setAttribute("aria-labelledby", tab.id);
                this.tabs[step] = tab;
                tabs.append(tab);
                this.panels.append(panel);
            }
            this.root.replaceChildren(this.alert.live, this.strip.node, this.offline, this.alert.restarted, this.alert.node, this.alert.told, this.windows.node, this.bare, tabs, this.loading, this.panels);
            this.open(STEPS.includes(lb.remembered("step")) ? lb.remembered("step") : "photos");
        }

        open(step) {
            this.step = step;
            lb.remember("step", step);
            for (const one of STEPS) {
                const on = one === step;
                this.tabs[one].setAttribute("aria-selected", on ? "true" : "false");
                this.tabs[one].tabIndex = on ? 0 : -1;
                this.views[one].panel.hidden = !on;
            }
            if (this.views[step].opened) this.views[step].opened();
            this.update();
        }

        /** The button at the end of a step that leads to the next one. */
        next(step, text) {
            return lb.button(text, () => {
                this.open(step);
                this.root.scrollIntoView({block: "start"});
                this.tabs[step].focus({preventScroll: true});
            }, "primary");
        }

        /** Arrow keys go from step to step, as in every list of tabs. */
        arrow(event) {
            const move = {ArrowRight: 1, ArrowLeft: -1}[event.key];
            const at = STEPS.indexOf(this.step);
            const next = event.key === "Home" ? 0 : event.key === "End" ? STEPS.length - 1 : move ? (at + move + STEPS.length) % STEPS.length : -1;
            if (next < 0) return;
            event.preventDefault();
            this.open(STEPS[next]);
            this.tabs[STEPS[next]].focus();
        }

        update() {
            if (!this.root.isConnected) return;
            lb.apart([() => this.showFrame(), () => this.strip.update(), () => this.views[this.step].update()]);
        }

        showFrame() {
            const {draft, engine, status} = this.state;
            lb.show(this.loading, !draft);
            lb.show(this.panels, Boolean(draft));
            lb.show(this.bare, Boolean(engine) && !engine.ready && this.step !== "train" && !(status && status.running));
        }

        listen() {
            this.onVisible = () => {
                if (document.hidden) this.saver.flush(null, true);
                this.wake(!document.hidden);
            };
            this.onLeave = () => this.saver.flush(null, true);
            document.addEventListener("visibilitychange", this.onVisible);
            window.addEventListener("pagehide", this.onLeave);
            this.seen = new IntersectionObserver((entries) => { if (entries[entries.length - 1].isIntersecting) this.wake(true); });
            this.seen.observe(this.root);
            this.width = new ResizeObserver(() => lb.setClass(this.root, "lb-narrow", this.root.clientWidth < 640));
            this.width.observe(this.root);
        }

        dispose() {
            clearTimeout(this.timer);
            document.removeEventListener("visibilitychange", this.onVisible);
            window.removeEventListener("pagehide", this.onLeave);
            this.seen.disconnect();
            this.width.disconnect();
            this.views.photos.grid.dispose();
            this.views.captions.list.dispose();
            this.windows.dispose();
        }

        // ---- messages ----

        say(text) { this.alert.say(text); }
        tell(text) { this.alert.tell(text); }
        complain(error) { this.alert.complain(error); }

        /** Runs a user action with its button disabled; an error is shown. */
        async act(button, deed) {
            if (button && button.disabled) return undefined;
            if (button) button.disabled = true;
            this.alert.calm();
            try {
                return await deed();
            } catch (error) {
                this.complain(error);
                return undefined;
            } finally {
                if (button) button.disabled = false;
                lb.remember("busy", "yes"); // something may have begun, and be looked away from at once
                this.wake();
            }
        }

        // ---- what the server knows ----

        async begin() {
            this.saver.resume().catch(() => null);
            this.wake(true);
        }

        /** What is asked once, when the page is looked at for the first time. */
        askOnce() {
            if (this.asked) return;
            this.asked = true;
            this.load("host", "host");
            this.load("engine", "engine");
        }

        /** Asks for one thing and shows it; an error only where it isn't the connection (the strip's note says that). */
        async load(name, path) {
            try {
                const answer = await this.server.newest(path);
                if (answer) this.state[name] = answer;
                this.update();
                return answer;
            } catch (error) {
                if (error.status) this.complain(error);
                return null;
            }
        }

        /** The newest jobs, and where the history is narrowed, that again. */
        loadJobs() {
            const history = this.views.train.history;
            if (history.query()) history.look();
            return this.load("jobs", "jobs");
        }

        /** Asks for what has changed in the draft, page by page, after a restart of the server for all of it. */
        async loadDraft() {
            const started = Date.now();
            const before = this.state.draft;
            const since = before && !this.anew ? before.revision : 0;
            this.anew = false;
            await this.loadRest(await this.loadPart(since, 0));
            this.draftTook = Date.now() - started;
            this.draftAt = Date.now();
        }

        async loadPart(since, start) {
            const answer = await this.server.get("draft?brief=true&since=" + since + "&start=" + start + "&count=" + PAGE);
            const known = this.state.draft; // as our own saves have made it meanwhile
            this.takeDraft(answer);
            if (known) this.windows.heard(known, this.state.draft);
            return answer;
        }

        /** The photos that follow on those of an answer. */
        async loadRest(/** @type {Rest.Draft} */ first) {
            let start = first.photos.length;
            for (let answer = first; answer.more; start += answer.photos.length) answer = await this.loadPart(first.since, start);
            if (first.more) this.state.draft.revision = Math.min(this.state.draft.revision, first.revision);
        }

        takeDraft(answer) {
            const draft = lb.mergeDraft(this.state.draft, answer);
            if (draft === this.state.draft) return;
            this.state.draft = draft;
            this.planSoon();
            if (answer.photos.length + (answer.captions || []).length > MANY) lb.breath().then(() => this.update());
            else this.update();
        }

        /** Asks for the plan a moment after the last change, and only while it is looked at. */
        planSoon() {
            clearTimeout(this.planTimer);
            if (this.step !== "train" && this.step !== "captions") return;
            this.planTimer = setTimeout(async () => {
                const plan = await this.server.newest("plan").catch(() => null);
                if (plan) this.state.plan = plan;
                this.update();
            }, 150);
        }

        /** A moment after the last key. */
        saveDraft(key, part, delay) {
            const was = this.state.draft ? lb.partsNow(this.state.draft, part) : undefined;
            this.saver.later("draft " + key, "draft?brief=true", part, delay === undefined ? 500 : delay, was);
        }

        saved(key, answer) {
            this.windows.tell();
            if (!key.startsWith("photo ")) return this.takeDraft(answer);
            this.takeCaption(answer);
            return this.wake(); // what the draft says of all captions follows
        }

        /** What can't be saved is said; where another window has written there, too, it is asked. */
        notSaved(key, error, entry) {
            const conflict = lb.messageOf((error.english || [])[0]);
            if (!conflict || conflict.code !== "draft.changed_elsewhere") return this.complain(error);
            this.windows.ask(entry, conflict, (keep) => {
                if (keep) this.saver.later(key, entry.path, entry.body, 0);
                this.loadDraft();
            });
        }

        /** A caption that is saved can be taken back, and nothing can be done again. */
        takeCaption(/** @type {Rest.Photo} */ photo) {
            const {draft} = this.state;
            const before = draft && draft.photos.find((one) => one.id === photo.id);
            if (before && before.caption !== photo.caption) this.state.draft = {...draft, undo: Math.max(draft.undo, 1), redo: 0};
            this.takePhoto(photo);
        }

        takePhoto(/** @type {Rest.Photo} */ photo) {
            const draft = this.state.draft;
            const at = draft ? draft.photos.findIndex((one) => one.id === photo.id) : -1;
            if (at < 0) return;
            const photos = draft.photos.slice();
            photos[at] = photo;
            this.state.draft = {...draft, photos: photos};
            this.planSoon();
            this.update();
        }

        post(path, body) {
            return this.changes(this.server.post(path + "?brief=true", body));
        }

        /** Takes what a change has made of the draft. */
        async changes(asked) {
            const answer = await asked;
            if (answer && answer.photos) {
                this.takeDraft(answer);
                this.windows.tell();
                await this.loadRest(answer);
            }
            return answer;
        }

        /** Follows one job from now on; null follows whatever runs. */
        follow(id) {
            this.followed = id;
            this.known = lb.noProgress();
            this.wake(true);
        }

        // ---- the one timer ----

        isVisible() {
            return this.root.isConnected && !document.hidden && this.root.offsetParent !== null;
        }

        /** Looks now instead of later; `all` also at the draft, which another window may have changed. */
        wake(all) {
            if (all && (!this.draftAt || Date.now() - this.draftAt > 3000)) this.wantDraft = true;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.tick(), 0);
        }

        async tick() {
            if (this.looking) {
                this.lookAgain = true;
                return;
            }
            if (!this.isVisible()) {
                this.lookUnseen();
                return;
            }
            this.looking = true;
            this.askOnce();
            try {
                await this.look();
                this.failures = 0;
                if (this.alert.isLost) this.alert.calm();
            } catch (error) {
                this.failures += 1;
                if (error.status === 401) this.complain(error);
            }
            this.looking = false;
            lb.show(this.offline, this.failures > 0);
            this.update();
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.tick(), this.lookAgain && !this.failures ? 0 : lb.pollDelay(this.isBusy(), this.failures, this.state.draft && this.state.draft.drafting));
            this.lookAgain = false;
        }

        /** While another tab of the WebUI, or of a browser that may tell, is looked at: whether a training is over. */
        async lookUnseen() {
            if (!this.root.isConnected || (document.hidden && !lb.canNotify()) || lb.remembered("busy") !== "yes") return;
            this.looking = true;
            await this.lookAtJob().catch(() => null);
            this.looking = false;
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.tick(), this.lookAgain ? 0 : UNSEEN);
            this.lookAgain = false;
        }

        async look() {
            const first = this.state.draft ? null : this.loadDraft();
            if (first) this.wantDraft = false;
            await Promise.all([first, this.lookAtJob()]);
            const checking = this.isDraftMoving();
            const due = checking && Date.now() - this.draftAt > Math.max(this.state.draft.drafting ? 250 : 900, 5 * (this.draftTook || 0));
            if (this.wantDraft || due || !this.state.draft) {
                this.wantDraft = false;
                await this.loadDraft();
            }
        }

        async lookAtJob() {
            const ask = () => this.server.get("status?since=" + this.known.since + (this.followed ? "&job=" + this.followed : ""));
            let status;
            try {
                status = await ask();
            } catch (error) {
                if (error.status !== 404 || !this.followed) throw error;
                this.followed = null;
                this.known = lb.noProgress();
                status = await ask();
            }
            const before = this.state.status;
            lb.apart([() => this.notice(before, status)]);
            let known = lb.foldStatus(this.known, status);
            if (known.again) {
                this.known = known;
                status = await ask();
                known = lb.foldStatus(known, status);
            }
            this.known = known;
            this.state.status = status;
            lb.remember("busy", status.running || status.waiting ? "yes" : "");
        }

        /** What changed between two looks, where something has to follow from it. */
        notice(before, now) {
            if (before && before.boot !== now.boot) {
                this.otherBoot = this.anew = true;
                this.wantDraft = true;
                this.server.renew().then((renewed) => lb.show(this.alert.restarted, !renewed));
            }
            if (this.state.draft && now.draft > this.state.draft.revision) this.wantDraft = true;
            const was = before && before.job;
            const is = now.job;
            if (is && was && is.id === was.id && is.status !== was.status) {
                this.say(is.title + ": " + lb.sentence(is.sentence || lb.statusWord(is.status)));
                if (lb.isOver(is)) lb.notify(is.title, lb.sentence(is.sentence || lb.statusWord(is.status)));
            }
            if (lb.isLost(was, is)) this.found();
            if (is && lb.isOver(is) && (!was || was.id !== is.id || !lb.isOver(was))) this.finished(is, Boolean(was));
            const other = JSON.stringify([now.running && now.running.id, now.waiting, is && is.id, is && is.status]);
            if (other !== this.queueSeen) {
                this.queueSeen = other;
                this.loadJobs();
            }
        }

        finished(job, seen) {
            if (job.kind === "setup") {
                if (seen) this.setUp();
                return;
            }
            if (seen) this.planSoon();
            if (job.status === "succeeded" && lb.remembered("refreshed") !== job.id + "." + job.attempt) {
                this.found().then(() => lb.remember("refreshed", job.id + "." + job.attempt));
            }
        }

        /** There may be a new LoRA. */
        found() {
            this.load("loras", "loras");
            return lb.refreshCards(this);
        }

        /** After a set-up everything that depends on it is asked for again. */
        setUp() {
            this.load("engine", "engine");
            this.views.train.advanced.forget();
            this.planSoon();
        }

        isBusy() {
            const status = this.state.status;
            return Boolean(status && (status.running || status.waiting)) || this.isDraftMoving();
        }

        /** Whether the server is still at work on the draft: looking at photos, drafting captions, writing copies. */
        isDraftMoving() {
            const draft = this.state.draft;
            return Boolean(draft && (draft.checking || draft.comparing || draft.drafting || draft.writing || (draft.videos || []).some((one) => !one.sentence)));
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
