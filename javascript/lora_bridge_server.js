// @ts-check
/* Talking to our routes: GET and POST, the page's nonce, and saving what is typed so that nothing gets lost. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** An answer that is no success, with its sentences. */
    lb.ServerError = class extends Error {
        constructor(status, sentences, problems, english) {
            super(sentences.join(" "));
            this.english = english || sentences;
            this.status = status;
            this.sentences = sentences;
            this.problems = problems || [];
        }
    };

    /** Characters of an answer that is taken in pieces, so that the page isn't held up. */
    const LARGE = 200000;

    async function dataOf(/** @type {Response} */ answer) {
        const text = await answer.text();
        if (text.length < LARGE) return JSON.parse(text);
        await lb.breath();
        const data = JSON.parse(text);
        await lb.breath();
        return data;
    }

    lb.Server = class {
        constructor(base, nonce) {
            this.base = base.endsWith("/") ? base : base + "/";
            this.nonce = nonce;
            this.order = Promise.resolve();
            this.turn = 0;
            this.answered = {};
        }

        /** The address of a picture that an answer names, below our base: the WebUI may live under --subpath. */
        url(path) {
            return path ? this.base + path.replace(/^.*\/lora-bridge\/v1\//, "").replace(/^\.?\//, "") : "";
        }

        /** The answer's JSON; with `file` a blob. */
        get(path, signal, file) {
            return this.ask(path, {signal: signal, file: file});
        }

        /** As `get`; null where a later question about `what` is answered already: what is old replaces nothing new. */
        async newest(path, what = path) {
            const turn = this.turn += 1;
            const answer = await this.get(path);
            if (turn < (this.answered[what] || 0)) return null;
            this.answered[what] = turn;
            return answer;
        }

        /** Sends a picture as it is, in its order among the POSTs. */
        put(path, picture) {
            return this.change(path, {method: "PUT", body: picture, headers: {"Content-Type": picture.type}});
        }

        remove(path) {
            return this.change(path, {method: "DELETE", headers: {}});
        }

        change(path, options) {
            const answer = this.order.then(() => this.renewing(() => this.ask(path, {...options, headers: {...options.headers, "X-Lora-Bridge-Nonce": this.nonce}})));
            this.order = answer.catch(() => null);
            return answer;
        }

        /** Sends one POST after the other, so that the last word typed is the last one saved. */
        post(path, body) {
            const answer = this.order.then(() => this.send(path, body, false));
            this.order = answer.catch(() => null);
            return answer;
        }

        /** Sends files ([{file, name}]) and texts beside them; `progress` is told the part that is sent, 0 to 1. */
        upload(path, files, texts, progress) {
            const form = new FormData();
            for (const [name, text] of Object.entries(texts || {})) form.append(name, String(text));
            for (const {file, name} of files) form.append("files", file, name);
            const answer = this.order.then(() => this.renewing(() => this.push(path, form, progress)));
            this.order = answer.catch(() => null);
            return answer;
        }

        /** `fetch` doesn't tell how far an upload is. */
        push(path, form, progress) {
            return new Promise((resolve, reject) => {
                const request = new XMLHttpRequest();
                request.open("POST", this.base + path);
                request.setRequestHeader("X-Lora-Bridge-Nonce", this.nonce);
                request.upload.onprogress = (event) => { if (progress && event.lengthComputable) progress(event.loaded / event.total); };
                request.onerror = () => reject(new TypeError("the upload broke off"));
                request.onload = () => resolve(this.read(new Response(request.responseText, {status: request.status}), {}));
                request.send(form);
            });
        }

        send(path, body, leaving) {
            const text = JSON.stringify(body || {});
            return this.renewing(() => this.ask(path, {
                method: "POST", body: text, keepalive: leaving && text.length < 60000,
                headers: {"Content-Type": "application/json", "X-Lora-Bridge-Nonce": this.nonce},
            }));
        }

        /** Does it again where only our nonce was old. */
        async renewing(once) {
            try {
                return await once();
            } catch (error) {
                const old = this.nonce;
                if (error.status !== 403 || !(await this.renew()) || this.nonce === old) throw error;
                return once();
            }
        }

        async ask(path, options) {
            return this.read(await fetch(this.base + path, {credentials: "same-origin", cache: "no-cache", ...options}), options);
        }

        async read(answer, options) {
            if (answer.ok) return options.file ? answer.blob() : lb.learn(await dataOf(answer));
            let error = {};
            try {
                const body = lb.learn(await answer.json());
                error = body.error || {sentences: [typeof body.detail === "string" ? body.detail : ""]};
            } catch (notJson) { /* a proxy's page, say */ }
            const sentences = lb.errorSentences(error).filter(Boolean);
            if (!sentences.length) sentences.push(lb.t("The server answered {status}.", {status: answer.status}));
            throw new lb.ServerError(answer.status, sentences, error.problems, error.sentences);
        }

        /** After a restart of the WebUI the page's nonce is old. The new one is in the host's page description. False where it can't be found. */
        async renew() {
            for (const place of ["./config", "./"]) {
                try {
                    const answer = await fetch(place, {credentials: "same-origin", cache: "no-store"});
                    const found = answer.ok && /data-nonce=\\*["']?([\w-]+)/.exec(await answer.text());
                    if (!found) continue;
                    this.nonce = found[1];
                    return true;
                } catch (error) { /* not reachable: the caller shows its own error */ }
            }
            return false;
        }
    };

    /**
     * Saves what is typed: soon after the last key, at once when the field or the page is left. Until the server has
     * it, the browser keeps it too, so that a reload in between loses nothing.
     */
    lb.Saver = class {
        constructor(server, saved, failed) {
            this.server = server;
            this.saved = saved;
            this.failed = failed;
            this.waiting = new Map();
            this.left = this.restore();
        }

        /** `body` goes to `path` after `delay`; a later one for the same `key` replaces it. `was`: the same parts before. */
        later(key, path, body, delay, was) {
            const old = this.waiting.get(key);
            if (old) clearTimeout(old.timer);
            const seen = old ? [...old.was, ...(old.sent ? [old.body] : [])] : was ? [].concat(was) : [];
            const entry = {path: path, body: body, was: seen, timer: setTimeout(() => this.flush(key), delay)};
            this.waiting.set(key, entry);
            this.keep();
        }

        isWaiting(key) {
            return this.waiting.has(key);
        }

        /** Whether anything waits whose key begins so. */
        isWaitingFor(start) {
            return [...this.waiting.keys()].some((key) => key.startsWith(start));
        }

        /** What was typed and isn't saved yet: the body on its way, or null. It is shown rather than what the server knows. */
        unsaved(key) {
            const entry = this.waiting.get(key);
            return entry ? entry.body : null;
        }

        /** Saves one entry, or all, now. */
        async flush(key, leaving) {
            const keys = key ? [key] : [...this.waiting.keys()];
            await Promise.all(keys.map((one) => this.save(one, leaving)));
        }

        /** Done when the server has answered, also for what was on its way before. */
        async save(key, leaving) {
            const entry = this.waiting.get(key);
            if (!entry || entry.leaving) return;
            if (!entry.sent || leaving) entry.sent = this.send(key, entry, leaving);
            await entry.sent;
        }

        async send(key, entry, leaving) {
            clearTimeout(entry.timer);
            entry.leaving = leaving;
            try {
                const body = entry.was.length ? {...entry.body, was: entry.was} : entry.body;
                const answer = leaving ? await this.server.send(entry.path, body, true) : await this.server.post(entry.path, body);
                this.forget(key, entry);
                this.saved(key, answer);
            } catch (error) {
                if (!error.status || error.status === 403 || error.status >= 500) this.retry(key, entry);
                else this.forget(key, entry);
                this.failed(key, error, entry);
            }
        }

        forget(key, entry) {
            if (this.waiting.get(key) === entry) this.waiting.delete(key);
            this.keep();
        }

        retry(key, entry) {
            if (this.waiting.get(key) !== entry) return;
            entry.sent = entry.leaving = false;
            entry.timer = setTimeout(() => this.flush(key), 5000);
        }

        keep() {
            const entries = [...this.waiting].map(([key, entry]) => [key, entry.path, entry.body, entry.was]);
            lb.remember("unsaved", entries.length ? JSON.stringify(entries) : "");
        }

        restore() {
            try {
                return JSON.parse(lb.remembered("unsaved") || "[]");
            } catch (error) {
                return [];
            }
        }

        /** Sends what an earlier page could not. */
        async resume() {
            for (const [key, path, body, was] of this.left.splice(0)) this.later(key, path, body, 0, was);
            await this.flush();
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
