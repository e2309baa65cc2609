// @ts-check
/* What the server's answers come to: pure functions from answers to what is shown. Nothing here touches the page. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** So long the strip says how a training ended; how a set-up did stands where it was begun. */
    const RECENT_SECONDS = 900;

    /** Nothing known yet of any job. */
    lb.noProgress = () => ({job: null, boot: null, since: 0, curve: []});

    /**
     * Adds an answer of GET status to what is known of one job.
     * `again` asks for the whole story: another job, another process, or a history shorter than ours.
     */
    lb.foldStatus = function (known, answer) {
        const id = answer.job ? answer.job.id : null;
        const other = id !== known.job || answer.boot !== known.boot || answer.seq < known.since;
        if (other && known.since > 0) return {job: id, boot: answer.boot, since: 0, curve: [], again: true};
        const curve = lb.foldCurve(other ? [] : known.curve, answer.curve || []);
        return {job: id, boot: answer.boot, since: answer.seq, curve: curve, again: false};
    };

    /** Adds points [step, loss, attempt]; a later attempt replaces what an earlier one had from that step on. */
    lb.foldCurve = function (known, more) {
        if (!more.length) return known;
        const curve = known.slice();
        for (const point of more) {
            while (curve.length && curve[curve.length - 1][0] >= point[0]) curve.pop();
            if (Number.isFinite(point[1])) curve.push(point);
        }
        return curve;
    };

    /** The running mean of a curve, wide enough to show the way: [[step, loss], ...]. `strength` from 0 (none) to 1 (four times as wide). */
    lb.smooth = function (curve, strength = 0.5) {
        const wide = Math.max(2, Math.min(60, curve.length / 12));
        const keep = 1 - 1 / (strength > 0 ? Math.max(1, wide * 16 ** (strength - 0.5)) : 1);
        let sum = 0;
        let weight = 0;
        return curve.map(([step, loss]) => {
            sum = sum * keep + loss;
            weight = weight * keep + 1;
            return [step, sum / weight];
        });
    };

    /** At most about `most` points: of each stretch the lowest and the highest, in order. */
    lb.thin = function (curve, most) {
        if (curve.length <= most) return curve;
        const size = Math.ceil(curve.length / (most / 2));
        const thinned = [];
        for (let start = 0; start < curve.length; start += size) {
            let low = start;
            let high = start;
            for (let at = start; at < Math.min(start + size, curve.length); at++) {
                if (curve[at][1] < curve[low][1]) low = at;
                if (curve[at][1] > curve[high][1]) high = at;
            }
            thinned.push(curve[Math.min(low, high)]);
            if (low !== high) thinned.push(curve[Math.max(low, high)]);
        }
        return thinned;
    };

    /** Milliseconds until the next look: quick while something goes on, quickest while captions come in, slower with each failure. */
    lb.pollDelay = function (busy, failures, drafting) {
        if (failures) return Math.min(30000, 1000 * 2 ** Math.min(failures, 10));
        if (drafting) return 350;
        return busy ? 1000 : 10000;
    };

    lb.isActive = (job) => Boolean(job) && (job.status === "running" || job.status === "stopping");
    lb.isOver = (job) => Boolean(job) && ["succeeded", "failed", "stopped", "lost"].includes(job.status);

    /** What the strip on top shows at the time `now` (seconds), or null where there is nothing to show. */
    lb.stripView = function (status, now, inWebui) {
        const last = status && status.job;
        const recent = lb.isOver(last) && last.kind === "train" && last.finished && now - last.finished < RECENT_SECONDS;
        const paused = status && !status.running ? status.paused : null;
        if (paused) return lb.pausedView(status, now, inWebui);
        if (status && !status.running && last && last.begins) return lb.laterView(status);
        const job = status && (status.running || (recent && !status.waiting ? last : null));
        if (!job && !(status && status.waiting)) return null;
        if (!job) return {title: "", active: false, waiting: status.waiting, sentence: ""};
        const active = lb.isActive(job);
        const known = active && job.step > 0 && job.total > 0;
        return {
            id: job.id, title: job.title, active: active, kind: job.kind, waiting: status.waiting || 0,
            stopping: job.status === "stopping", status: job.status,
            step: known ? job.step : null, total: known ? job.total : null,
            part: known ? Math.min(1, job.step / job.total) : null,
            rate: active && job.rate ? lb.speed(job.rate) : "",
            left: active && job.left !== null && job.left !== undefined ? lb.duration(job.left) : "",
            loss: known ? lb.loss(job.loss) : "",
            phase: active && (!known || job.status === "stopping") ? status.phase || "" : "",
            sentence: active ? "" : job.sentence || "",
            silent: active && job.silent ? lb.about(job.silent) : "",
        };
    };

    /** The strip of a job that left the GPU to something else. */
    lb.pausedView = function (status, now, inWebui) {
        const job = status.paused.job;
        const when = {step: job.step, time: lb.duration(Math.max(0, status.paused.until - now))};
        return {
            id: job.id, title: job.title, active: false, paused: true, kind: job.kind, status: job.status, waiting: status.waiting - 1,
            part: null, sentence: inWebui ? lb.t("Paused at step {step}. It goes on by itself in {time}; while pictures are made it waits.", when)
                : lb.t("Paused at step {step}. It goes on by itself in {time}.", when),
        };
    };

    /** The strip of a job that waits for its time. */
    lb.laterView = function (status) {
        const job = status.job;
        return {
            id: job.id, title: job.title, active: false, later: true, kind: job.kind, status: job.status,
            waiting: status.waiting - 1, part: null, sentence: status.phase,
        };
    };

    /** What can be done with a job in the list. */
    lb.jobActions = function (job) {
        const actions = [];
        if (job.status === "queued") return ["show", ...(job.begins ? ["begin"] : []), "leave"];
        if (lb.isActive(job)) return job.status === "running" ? ["show", "stop"] : ["show"];
        const ended = ["stopped", "failed", "lost"].includes(job.status) && !job.forgotten;
        if (job.kind !== "setup" && ended) actions.push("resume");
        if (ended) actions.push("retry");
        if (job.saved) actions.push("publish");
        return ["show", ...actions, ...(job.kind === "train" && !job.forgotten ? ["repeat"] : []), "report", ...(job.kind === "train" ? ["export"] : []), "remove"];
    };

    /** Remarks under a caption: [{text, kind}], kind "good", "mind" or "". */
    lb.captionRemarks = function (caption, name, tokens) {
        const words = lb.countWords(caption);
        const remarks = [];
        if (name) {
            const begins = lb.beginsWith(caption, name);
            remarks.push(begins ? {text: lb.t("begins with the name"), kind: "good"} : {text: lb.t("doesn't begin with the name"), kind: "mind"});
        }
        remarks.push({text: lb.t("{n} {n:word|words}", {n: words}), kind: ""});
        if (words < 25 || words > 75) remarks.push({text: lb.t("(25 to 75 advised)"), kind: "mind"});
        if (typeof tokens === "number") remarks.push(lb.tokenRemark(tokens));
        return remarks;
    };

    /** The token meter: captions go through in pieces of 75, three of them at most. */
    lb.tokenRemark = function (tokens) {
        if (tokens <= 75) return {text: lb.t("{n} of 75 tokens", {n: tokens}), kind: ""};
        if (tokens <= 225) {
            const limit = tokens <= 150 ? 150 : 225;
            return {text: lb.t("{n} of 75 tokens: the limit is raised to {limit} automatically", {n: tokens, limit: limit}), kind: "mind"};
        }
        return {text: lb.t("{n} tokens: what comes after 225 is cut off", {n: tokens}), kind: "bad"};
    };

    /** What a set shows, and what would be good to add: "light: 9 bright, 0 dim (none in dim light)". */
    lb.facetText = (facet) => lb.sentence(facet.text) + (facet.missing ? " (" + lb.sentence(facet.missing) + ")" : "");

    /** The few words under a photo: what to mind, else what was done to it, else its size. */
    lb.tileText = function (photo) {
        if (photo.verdict === "left out" || !photo.verdict) return lb.withoutFile(photo.sentence || "");
        const size = photo.width ? photo.width + " × " + photo.height : "";
        const said = (photo.concerns && photo.concerns.length ? photo.concerns : photo.notes) || [];
        return said.map(lb.sentence).join("; ") || size;
    };

    /**
     * The draft with what an answer changes of it; `known` is the draft so far, or null. A late answer changes nothing.
     * Where the answer doesn't join on to what is known, the revision stays, so that the next look asks for what lies between.
     */
    lb.mergeDraft = function (known, answer) {
        if (known && answer.since && answer.revision < known.revision) return known;
        const had = known ? known.photos : [];
        const rows = new Map([...had, ...answer.photos].map((photo) => [photo.id, photo]));
        for (const said of answer.captions || []) if (rows.has(said.id)) rows.set(said.id, {...rows.get(said.id), ...said});
        const ids = answer.ids || had.map((photo) => photo.id);
        const changed = answer.ids || answer.photos.length || (answer.captions || []).length;
        const photos = changed ? ids.filter((id) => rows.has(id)).map((id) => rows.get(id)) : had;
        const revision = known ? known.revision : 0;
        const joins = answer.since <= revision && !answer.more && photos.length === ids.length;
        return {...answer, captions: [], photos: photos, revision: joins ? answer.revision : revision};
    };

    const stemOf = (file) => file.name.replace(/\.[^.]*$/, "");

    /** The order of people: "2.jpg" before "10.jpg", "me.jpg" before "me (copy).jpg". */
    lb.byName = (one, other) => stemOf(one).localeCompare(stemOf(other), "en", {numeric: true}) || one.name.localeCompare(other.name, "en");

    /** Files that belong together: a photo, its caption and its mask. */
    lb.together = function (files) {
        const found = new Map();
        for (const file of files) {
            const stem = stemOf(file).toLowerCase().replace(/(\.mask|-masklabel)$/, "");
            found.set(stem, [...(found.get(stem) || []), file]);
        }
        return [...found.values()];
    };

    /** Files in groups for one request each: a big one alone, small ones together, a caption always with its photo. */
    lb.batches = function (files, mostBytes, mostFiles) {
        const groups = [];
        let size = Infinity;
        for (const some of lb.together(files)) {
            const bytes = some.reduce((sum, file) => sum + file.size, 0);
            const last = groups[groups.length - 1];
            if (!last || size + bytes > mostBytes || last.length + some.length > mostFiles) {
                groups.push(some);
                size = bytes;
            } else {
                last.push(...some);
                size += bytes;
            }
        }
        return groups;
    };

    /** A checkpoint's title without its hash, a file of the user's without its folder: "v1-5.safetensors [6ce0161689]" and "v1-5.safetensors". */
    lb.bareTitle = (title) => (title || "").replace(/\s*\[[0-9a-f]+\]\s*$/i, "").replace(/^([A-Za-z]:)?[\\/].*[\\/]/, "").trim();

    /** The sentences of an error answer. */
    lb.errorSentences = function (error) {
        const sentences = (error && error.sentences) || [];
        return sentences.length ? sentences.map(lb.sentence) : ((error && error.problems) || []).map(lb.problemSentence);
    };

    /** What a problem's sentence is about, and the rest of it: {where, text}; as the server's message has them. */
    lb.problemParts = function (sentence) {
        const message = lb.messageOf(sentence);
        if (!message || message.code !== "problem" || !message.values.where) return {where: "", text: lb.sentence(sentence)};
        const {where, what, remedy} = message.values;
        const said = lb.sentence(what);
        return {where: where, text: [/[.!?]$/.test(said) ? said : said + ".", lb.sentence(remedy)].filter(Boolean).join(" ")};
    };

    /** Sentences that say the same of other numbers count once: the first. */
    lb.saidOnce = function (sentences, before) {
        const plain = (text) => text.replace(/\d[\d.,]*/g, "#").replace(/\b[GMk]B\b/g, "B");
        const seen = new Set((before || []).map(plain));
        return sentences.filter((text) => !seen.has(plain(text)) && seen.add(plain(text)));
    };

    /** One problem {code, where, what, remedy, text, values} as a sentence. */
    lb.problemSentence = (problem) => lb.sentence(typeof problem === "string" ? problem : problem.text);
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
