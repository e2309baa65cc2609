// @ts-check
/* Videos dropped among the photos: a job chooses their sharpest, most different frames, which come in as photos. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const VIDEO = /\.(mp4|m4v|mov|qt|webm|mkv|avi|3gp)$/i;

    lb.isVideo = (file) => VIDEO.test(file.name) || (file.type || "").startsWith("video/");
    lb.isVideoPath = (path) => VIDEO.test(path);

    lb.Videos = class {
        constructor(app) {
            this.app = app;
            this.node = lb.el("ul", {class: "lb-videos", role: "status", hidden: true});
        }

        /** Sends the videos one by one; what the server refuses is said. */
        async upload(files, subject) {
            for (const file of files) {
                this.sending = {file: file.name, part: 0};
                const progress = (part) => {
                    this.sending = {file: file.name, part: part};
                    this.draw();
                };
                this.draw();
                await this.app.act(null, () => this.app.changes(this.app.server.upload("draft/video", [{file: file, name: file.name}], {subject: subject}, progress)));
                this.sending = null;
                this.draw();
            }
            this.app.wake();
        }

        /** A video on the computer of the WebUI, by its path. */
        read(path, subject) {
            return this.app.act(null, () => this.app.post("draft/video/file", {video: path, subject: subject}));
        }

        update(draft) {
            this.known = draft.videos || [];
            this.draw();
        }

        draw() {
            const sent = this.sending ? [lb.t("{file}: {percent} % sent", {file: this.sending.file, percent: Math.floor(100 * this.sending.part)})] : [];
            const said = (this.known || []).map((one) => (one.sentence ? one.file + ": " + lb.sentence(one.sentence)
                : one.total ? lb.t("{file}: {done} of {total} frames looked at", one) : lb.t("{file}: waiting", one)));
            lb.sentences(this.node, [...sent, ...said]);
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
