// @ts-check
/* Step 1: name, class word, photos with their verdicts. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const REQUEST_BYTES = 6 * 1024 ** 2;
    const REQUEST_FILES = 12;
    const USABLE = /\.(jpe?g|png|webp|heic|heif|avif|gif|bmp|tiff?|zip|txt|caption)$/i;

    lb.Photos = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.reading = null;
            this.source = null;
            this.filter = "all";
            this.frames = new lb.Frames(app, () => this.drawFrames());
            this.subjects = new lb.Subjects(app, () => this.update());
            this.name = lb.field(lb.t("Name, as you will use it in prompts"), lb.el("input", {
                type: "text", autocomplete: "off", spellcheck: "false", maxlength: 64, placeholder: "AlvaroBadia",
                oninput: () => this.subjects.save({name: this.name.input.value}), onblur: () => app.saver.flush(this.subjects.key("name")),
            }));
            this.kind = lb.field(lb.t("What is it"), lb.el("input", {
                type: "text", autocomplete: "off", maxlength: 64, placeholder: lb.t("man, woman, dog, toy ..."),
                oninput: () => this.subjects.save({class_token: this.kind.input.value}), onblur: () => app.saver.flush(this.subjects.key("class_token")),
            }));
            this.panel = lb.el("div", {}, this.subjects.row, lb.el("div", {class: "lb-row"}, this.name.node, this.kind.node, this.buildSource()),
                this.buildProgress(), this.buildSummary(), this.buildAdvice(), this.buildGrid(), this.buildMasks(), this.about, this.buildFoot());
            lb.acceptFiles(this.panel, (files) => this.upload(files));
        }

        buildSource() {
            this.chooser = lb.el("input", {
                type: "file", multiple: true, accept: "image/*,video/*,.heic,.heif,.avif,.zip,.txt", hidden: true, tabindex: -1, "aria-hidden": "true",
                onchange: () => {
                    this.upload([...this.chooser.files]);
                    this.chooser.value = "";
                },
            });
            this.folder = lb.field(lb.t("Photos, a zip, a video, or a folder"), lb.el("input", {
                type: "text", autocomplete: "off", spellcheck: "false", placeholder: lb.t("drop photos or a zip here, or paste a folder"),
                onkeydown: (event) => { if (event.key === "Enter") this.readFolder(); },
                onpaste: () => setTimeout(() => this.readFolder(), 0),
                onchange: () => this.readFolder(),
            }), true);
            this.choose = lb.button(lb.t("Choose photos"), () => this.chooser.click());
            const line = lb.el("div", {class: "lb-with-button"}, this.folder.input, this.choose, this.chooser);
            this.folder.node.insertBefore(line, this.folder.hint);
            this.videos = new lb.Videos(this.app);
            this.folder.node.append(this.videos.choice);
            return this.folder.node;
        }

        buildProgress() {
            this.progressText = lb.el("span", {});
            this.progressFill = lb.el("i", {});
            this.progress = lb.el("div", {class: "lb-progress", role: "status", hidden: true}, this.progressText, lb.el("span", {class: "lb-bar"}, this.progressFill));
            return lb.el("div", {}, this.progress, this.videos.node);
        }

        buildSummary() {
            this.count = lb.el("b", {});
            this.held = new lb.HeldOutLine(this.app);
            const promise = lb.el("span", {class: "lb-dim"}, lb.t("Copies are made; your originals stay as they are. Location and camera data are left out."));
            this.clear = lb.button(lb.t("Start over"), () => this.startAfresh(), "small");
            this.undo = lb.button(lb.t("Undo"), () => this.app.act(this.undo, () => this.app.post("draft/photos/undo", {})), "small");
            this.filters = lb.el("span", {class: "lb-filters", role: "group", "aria-label": lb.t("Show")});
            const line = lb.el("p", {"aria-live": "polite"}, this.count, " ", this.held.node, " ", promise, " ", this.undo, " ", this.filters);
            this.summary = lb.el("div", {class: "lb-summary"}, line, this.clear);
            return this.summary;
        }

        buildGrid() {
            this.empty = lb.el("button", {type: "button", class: "lb-drop", onclick: () => this.chooser.click()},
                lb.el("b", {}, lb.t("Drop 10 to 30 photos here")),
                lb.el("span", {}, lb.t("Different places, light, clothes and distances. One subject in each. A zip works too.")));
            this.grid = new lb.Windowed({
                label: lb.t("Photos"),
                columns: (width) => Math.max(2, Math.floor(width / 178)),
                height: () => 258,
                make: () => this.makeTile(),
                fill: (node, photo) => this.fillTile(node, photo),
            });
            this.grid.node.classList.add("lb-photos");
            return lb.el("div", {}, this.empty, this.grid.node);
        }

        buildAdvice() {
            this.advice = lb.el("ul", {class: "lb-advice"});
            this.problems = lb.el("ul", {class: "lb-problems"});
            this.fixes = new lb.SetFixes(this.app);
            this.forSet = lb.el("div", {class: "lb-for-set"}, lb.el("b", {}, lb.t("The set")), " · ", this.advice, this.fixes.node);
            this.sizes = lb.el("span", {});
            this.sizeNotes = lb.el("ul", {class: "lb-advice"});
            this.forSizes = lb.el("div", {class: "lb-for-set", hidden: true}, lb.el("b", {}, lb.t("Sizes the trainer will see")), " · ", this.sizes, " ", this.sizeNotes);
            this.about = lb.el("div", {class: "lb-about-set"}, this.forSet, this.forSizes);
            return this.problems;
        }

        buildMasks() {
            this.masks = new lb.Masks(this.app);
            return this.masks.node;
        }

        buildFoot() {
            this.next = this.app.next("captions", lb.t("Next: captions"));
            this.foot = lb.el("div", {class: "lb-foot"}, this.subjects.add, this.next);
            return this.foot;
        }

        // ---- one photo ----

        makeTile() {
            const parts = {
                image: lb.picture(), lost: lb.el("span", {class: "lb-no-picture", hidden: true}), badge: lb.el("span", {class: "lb-badge"}),
                file: lb.el("span", {class: "lb-file"}), sentence: lb.el("span", {class: "lb-tile-text"}),
                frame: new lb.Frame(this.frames, (photo, what) => this.change(photo, what)),
                held: new lb.HoldOut((photo, what) => this.change(photo, what)), fixes: new lb.Fixes(this.app),
                repeats: new lb.PhotoRepeats((photo, what) => this.change(photo, what)),
            };
            parts.frame.move.after(parts.held.node);
            parts.frame.turn.before(...parts.fixes.nodes);
            const tile = lb.el("button", {type: "button", class: "lb-tile", onclick: () => this.toggle(parts)},
                lb.el("span", {class: "lb-picture"}, parts.image, parts.lost, parts.frame.node), lb.el("span", {class: "lb-tile-head"}, parts.badge, parts.file), parts.sentence, parts.frame.size);
            parts.tile = tile;
            const item = lb.el("div", {class: "lb-cell lb-framed", role: "listitem", onkeydown: (event) => parts.held.press(event)}, tile, parts.repeats.node, parts.frame.tools);
            item.lbParts = parts;
            return item;
        }

        fillTile(node, /** @type {Rest.Photo} */ photo) {
            const parts = node.lbParts;
            parts.photo = photo;
            this.showPicture(parts, photo);
            const badge = this.badge(photo);
            lb.setText(parts.badge, badge.text);
            parts.badge.className = "lb-badge lb-" + badge.kind;
            lb.setText(parts.file, photo.file);
            lb.setText(parts.sentence, photo.held_out ? lb.t("never trained on: it measures the result") : photo.thumb ? lb.tileText(photo) : "");
            const fixed = photo.can_be_used === false;
            const click = fixed ? "" : photo.used ? lb.t("Click to leave it out") : lb.t("Click to use it");
            const remedies = (photo.findings || []).map((one) => lb.sentence(one.remedy));
            parts.tile.title = [lb.sentence(photo.sentence), ...new Set(remedies), click].filter(Boolean).join("\n");
            lb.setAttribute(parts.tile, "aria-disabled", fixed ? "true" : null);
            lb.setAttribute(parts.tile, "aria-pressed", photo.used ? "true" : "false");
            lb.setClass(parts.tile, "lb-off", !photo.used);
            lb.setClass(node, "lb-held", photo.held_out);
            this.drawFrame(parts);
        }

        /** What the trainer will see of a photo, what to mind about it, and what can be done at once. */
        drawFrame(parts) {
            const photo = parts.photo;
            const frame = this.frames.of(photo);
            for (const part of [parts.held, parts.repeats, parts.frame]) part.draw(photo);
            const fixes = parts.fixes.draw(photo, frame);
            if (fixes.size) { // the row holds no more than the fix and what goes with it
                lb.show(parts.frame.move, false);
                lb.show(parts.frame.turn, !fixes.has("turn"));
                lb.show(parts.held.node, photo.held_out);
            }
            const cut = Boolean(frame && frame.cuts_face);
            lb.setText(parts.sentence, cut ? lb.t("the crop cuts the face") : photo.thumb ? lb.tileText(photo) : "");
            lb.setClass(parts.sentence, "lb-bad", cut);
        }

        /** Shows a thumbnail, or why there is none; an earlier picture in this recycled place is taken away at once. */
        showPicture(parts, /** @type {Rest.Photo} */ photo) {
            const image = parts.image;
            const address = this.app.server.url(photo.thumb);
            lb.show(parts.lost, !photo.thumb);
            lb.setText(parts.lost, photo.thumb ? "" : lb.tileText(photo));
            if (image.getAttribute("src") === address) return;
            image.removeAttribute("src");
            if (address) image.src = address;
        }

        badge(/** @type {Rest.Photo} */ photo) {
            if (!photo.verdict) return {text: lb.t("looking"), kind: "dim"};
            if (photo.verdict === "left out") return photo.used ? {text: lb.t("used anyway"), kind: "mind"} : {text: lb.t("left out"), kind: "bad"};
            if (!photo.used) return {text: lb.t("left out by you"), kind: "dim"};
            if (photo.held_out) return {text: lb.t("held out"), kind: "mean"};
            return photo.verdict === "good" ? {text: lb.t("good"), kind: "good"} : {text: lb.t("mind"), kind: "mind"};
        }

        toggle(parts) {
            const photo = this.app.state.draft.photos.find((one) => one.id === parts.photo.id) || parts.photo; // a second click comes before it is drawn
            if (parts.frame.dragged) return undefined;
            if (photo.can_be_used === false) return this.app.tell(lb.sentence(photo.sentence));
            this.app.takePhoto({...photo, used: !photo.used});
            return this.change(photo, {used: !photo.used});
        }

        /** Saves a choice about a photo; where that fails, it is as before. */
        change(/** @type {Rest.Photo} */ photo, what) {
            return this.app.act(null, async () => {
                try {
                    const changed = await this.app.server.post("draft/photo/" + photo.id, what);
                    if ("held_out" in what) return await this.app.loadDraft(); // another photo changes with it: never two of one
                    this.app.takePhoto(changed);
                    this.app.wantDraft = true;
                    return undefined;
                } catch (error) {
                    this.app.takePhoto(photo);
                    this.drawFrames();
                    throw error;
                }
            });
        }

        // ---- what the trainer will see ----

        drawFrames() {
            for (const {node} of this.grid.shown.values()) if (node.lbParts.photo) this.drawFrame(node.lbParts);
            this.fixes.update(this.app.state.draft.photos, (photo) => this.frames.of(photo));
            lb.setText(this.sizes, lb.bucketText(this.frames.buckets));
            lb.sentences(this.sizeNotes, this.frames.notes);
            lb.show(this.forSizes, this.frames.buckets.length > 0);
        }

        /** Which photos are shown: all, those that are left out, or those with something to check. */
        showFilters(/** @type {Rest.Photo[]} */ photos) {
            const some = {
                all: photos, out: photos.filter((photo) => !photo.used),
                check: photos.filter((photo) => photo.used && (photo.verdict === "mind" || (this.frames.of(photo) || {}).cuts_face)),
            };
            if (!some[this.filter].length) this.filter = "all";
            const texts = {all: lb.t("all"), out: lb.t("left out ({n})", {n: some.out.length}), check: lb.t("to check ({n})", {n: some.check.length})};
            const names = Object.keys(some).filter((name) => name === "all" || some[name].length);
            lb.fillList(this.filters, names.map((name) => ({name: name, text: texts[name], on: name === this.filter})), (one) => one.name,
                (one) => lb.el("button", {type: "button", class: "lb-link", "aria-pressed": one.on ? "true" : "false", onclick: () => this.show(one.name)}, one.text));
            lb.show(this.filters, names.length > 1);
            return some[this.filter];
        }

        show(name) {
            this.filter = name;
            this.update();
        }

        // ---- photos in ----

        async upload(everything) {
            const videos = everything.filter(lb.isVideo);
            const spared = lb.moviesOfPhotos(everything);
            if (videos.length) this.videos.upload(videos.filter((file) => !spared.includes(file)), this.subjects.current, spared);
            const all = everything.filter((file) => !videos.includes(file));
            const files = all.filter((file) => USABLE.test(file.name) || file.type.startsWith("image/"));
            if (!files.length && all.some(lb.isConfig)) {
                this.app.open("train");
                this.app.views.train.importer.bring(all);
                return;
            }
            files.push(...all.filter((file) => !files.includes(file)).map(lb.toBeLeftOut));
            files.sort(lb.byName);
            if (!files.length) return;
            this.app.alert.calm();
            this.queue = (this.queue || []).concat(lb.batches(files, REQUEST_BYTES, REQUEST_FILES));
            this.expected = (this.expected || 0) + files.length;
            if (this.uploading) return;
            this.uploading = true;
            this.sent = 0;
            const errors = [];
            while (this.queue.length) await this.sendGroup(this.queue.shift(), errors);
            this.uploading = false;
            this.expected = 0;
            this.showProgress();
            if (errors.length) this.app.complain({sentences: errors});
            this.app.wake();
        }

        async sendGroup(group, errors) {
            this.showProgress();
            try {
                const files = group.map((file) => ({file: file, name: file.name}));
                const progress = (part) => this.showProgress(part * group.length);
                const answer = await this.app.changes(this.app.server.upload("draft/photos", files, {subject: this.subjects.current}, progress));
                errors.push(...(answer.notes || []).map(lb.sentence));
            } catch (error) {
                const parts = lb.together(group);
                if (parts.length > 1 && (error.status === 422 || error.status === 413)) {
                    this.queue.unshift(...parts); // one can't be used: the others shall not suffer for it
                    return;
                }
                const name = group[0].name;
                const known = lb.errorSentences(error);
                const sentences = known.length ? known : [lb.t("The upload failed. Drop it again.")];
                errors.push(...sentences.map((sentence) => (sentence.startsWith(name) ? sentence : name + ": " + sentence)));
            }
            this.sent += group.length;
        }

        /** `more`: files of the group that is being sent which are through, a part of a file as well. */
        showProgress(more) {
            const {checking, comparing} = this.app.state.draft || {};
            const text = this.uploading ? lb.t("{done} of {total} {total:file|files} sent", {done: Math.floor(this.sent + (more || 0)), total: this.expected})
                : checking ? lb.t("{done} of {total} {total:photo|photos} looked at", {done: checking.done, total: checking.total})
                    : comparing ? lb.t("{done} of {total} {total:face|faces} compared", {done: comparing.done, total: comparing.total}) : "";
            lb.show(this.progress, Boolean(text));
            lb.setText(this.progressText, text);
            const looks = checking || comparing;
            const part = this.uploading ? (this.sent + (more || 0)) / this.expected : looks ? looks.done / Math.max(1, looks.total) : 0;
            this.progressFill.style.width = (100 * part).toFixed(1) + "%";
        }

        readFolder() {
            const path = this.folder.input.value.trim();
            const draft = this.app.state.draft;
            const subject = this.subjects.own;
            if (this.reading !== null || !draft || !subject || path === (subject.source || "")) return;
            if (lb.isVideoPath(path)) {
                this.folder.input.value = subject.source || "";
                this.videos.read(path, subject.id);
                return;
            }
            this.reading = path;
            this.app.act(this.choose, async () => {
                try {
                    await this.app.post("draft/folder", {path: path || null, subject: subject.id});
                } finally {
                    this.reading = null;
                }
            });
        }

        startAfresh() {
            if (!this.sure) {
                lb.setText(this.clear, lb.t("Start over: sure?"));
                this.sure = setTimeout(() => {
                    this.sure = null;
                    lb.setText(this.clear, lb.t("Start over"));
                }, 4000);
                return;
            }
            clearTimeout(this.sure);
            this.sure = null;
            lb.setText(this.clear, lb.t("Start over"));
            this.app.act(this.clear, async () => {
                await this.app.post("draft/clear", {});
                this.folder.input.value = "";
            });
        }

        // ---- showing ----

        opened() {
            this.grid.later();
        }

        update() {
            const draft = this.app.state.draft;
            this.showProgress();
            if (!draft) return;
            this.subjects.update(draft);
            lb.setValue(this.name.input, this.subjects.value("name"));
            lb.setValue(this.kind.input, this.subjects.value("class_token"));
            const {id, source} = this.subjects.own;
            if (this.reading === null && id + source !== this.source) {
                this.source = id + source;
                lb.setValue(this.folder.input, source);
            }
            this.videos.update(draft);
            this.fromAfar();
            const some = draft.photos.length > 0 || this.subjects.several;
            lb.show(this.foot, some);
            lb.show(this.summary, some);
            const empty = !this.subjects.photos(draft.photos).length;
            lb.show(this.empty, empty && !this.uploading);
            lb.show(this.grid.node, !empty);
            lb.show(this.undo, draft.photo_undo > 0);
            const own = this.subjects.photos(draft.photos);
            const shown = this.showFilters(own);
            const filtered = this.subjects.current + this.filter;
            if (this.shown !== draft.photos || this.filtered !== filtered) {
                this.shown = draft.photos;
                this.filtered = filtered;
                this.grid.set(shown);
            }
            this.frames.update();
            const used = own.filter((photo) => photo.used).length;
            lb.setText(this.count, lb.t("{used} of {total} {total:photo|photos} will be used.", {used: used, total: own.length}));
            this.held.update(draft);
            this.masks.update();
            lb.showProblems(this.app, this.problems, draft.problems || []);
            lb.sentences(this.advice, [...(draft.coverage || []).map(lb.facetText), ...(draft.advice || []).map(lb.sentence)]);
            lb.show(this.forSet, !this.advice.hidden);
            this.grid.later();
        }

        /** Folders are read on the WebUI's own computer, so only from there. */
        fromAfar() {
            const host = this.app.state.host;
            if (!host || host.local !== false || this.folder.input.disabled) return;
            this.folder.input.disabled = true;
            this.folder.input.placeholder = lb.t("drop photos or a zip here");
        }
    };

    /** A place for a thumbnail. */
    lb.picture = () => lb.el("img", {alt: "", decoding: "async", draggable: "false", onerror: (event) => event.target.removeAttribute("src")});
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
