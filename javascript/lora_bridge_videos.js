// @ts-check
/* Videos dropped among the photos: a job chooses their sharpest, most different frames, which come in as photos. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const FRAMES = {usual: 20, most: 1000}; // as `frames` on the command line
    const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|avi|3gp)$/i;

    lb.isVideo = (file) => VIDEO.test(file.name) || (file.type || "").startsWith("video/");
    const stem = (file) => file.name.replace(/\.[^.]*$/, "").toLowerCase();
    /** The movies of Live Photos whose pictures are among the files: those show the moment once, and better. */
    lb.moviesOfPhotos = function (files) {
        const pictures = new Set(files.filter((file) => /\.(heic|heif|jpe?g)$/i.test(file.name)).map(stem));
        return files.filter((file) => /\.mov$/i.test(file.name) && pictures.has(stem(file)));
    };
    /** How many frames are meant: what is typed, kept between 1 and the most. */
    lb.framesOf = (text) => Math.max(1, Math.min(FRAMES.most, Math.round(Number(text)) || FRAMES.usual));
    lb.isVideoPath = (path) => VIDEO.test(path);

    lb.Videos = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.node = lb.el("ul", {class: "lb-videos", role: "status", hidden: true});
            this.count = lb.framesOf(lb.remembered("video-frames"));
            this.opener = lb.el("button", {type: "button", class: "lb-link", "aria-expanded": "false", onclick: () => this.open()});
            this.frames = lb.field(lb.t("Frames of each video, at most"), lb.el("input", {type: "number", min: 1, max: FRAMES.most, step: 1, onchange: () => this.choose(), onblur: () => this.choose()}));
            this.frames.node.classList.add("lb-short", "lb-video-frames");
            this.frames.node.hidden = true;
            this.choice = lb.el("div", {}, this.opener, this.frames.node);
            this.choose();
        }

        open() {
            lb.show(this.frames.node, true);
            lb.show(this.opener, false);
            this.frames.input.focus();
        }

        /** Takes the number that was typed, for the videos that come; the usual one where it was emptied. */
        choose() {
            if (!this.frames.node.hidden) this.count = lb.framesOf(this.frames.input.value);
            this.frames.input.value = String(this.count);
            lb.remember("video-frames", String(this.count));
            lb.setText(this.opener, lb.t("{n} {n:frame|frames} of each video", {n: this.count}));
        }

        /** Sends the videos one by one; what the server refuses is said. `spared`: movies of photos that came, too. */
        async upload(files, subject, spared) {
            this.spared = spared;
            this.draw();
            for (const file of files) {
                this.sending = {file: file.name, part: 0};
                const progress = (part) => {
                    this.sending = {file: file.name, part: part};
                    this.draw();
                };
                this.draw();
                await this.app.act(null, () => this.app.changes(this.app.server.upload("draft/video", [{file: file, name: file.name}], {subject: subject, count: this.count}, progress)));
                this.sending = null;
                this.draw();
            }
            this.app.wake();
        }

        /** A video on the computer of the WebUI, by its path. */
        read(path, subject) {
            return this.app.act(null, () => this.app.post("draft/video/file", {video: path, subject: subject, count: this.count}));
        }

        update(/** @type {Rest.Draft} */ draft) {
            this.known = draft.videos || [];
            this.draw();
        }

        draw() {
            const sent = this.sending ? [lb.t("{file}: {percent} % sent", {file: this.sending.file, percent: Math.floor(100 * this.sending.part)})] : [];
            const spared = this.spared || [];
            if (spared.length) sent.push(lb.t("{n} {n:movie|movies} of Live Photos left out ({file}): the photo itself came. Drop a movie alone to take its frames.", {n: spared.length, file: spared[0].name}));
            const said = (this.known || []).map((one) => (one.sentence ? one.file + ": " + lb.sentence(one.sentence)
                : one.total ? lb.t("{file}: {done} of {total} frames looked at", one) : lb.t("{file}: waiting", one)));
            lb.sentences(this.node, [...sent, ...said]);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
