// @ts-check
/* The page's language: translated texts, numbers and times in words. Nothing here touches the page. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const MOST_MESSAGES = 5000;
    /** The server's messages that were seen: English -> {code, values}. The oldest goes first. */
    const messages = new Map();

    /** The dictionary in use: the host's own localization, else the one that the standalone page brings for the browser's language. */
    lb.dictionary = function () {
        const host = globalThis.localization;
        if (host && Object.keys(host).length) return host;
        const own = globalThis.loraBridgeDictionaries;
        const language = ((globalThis.navigator && globalThis.navigator.language) || "en").slice(0, 2).toLowerCase();
        return (own && own[language]) || {};
    };

    /** The two letters of the user's language: what the host was set to, else the browser's. */
    lb.language = function () {
        const host = typeof opts === "object" && opts && opts.localization;
        return (host && host !== "None" ? host : (globalThis.navigator && globalThis.navigator.language) || "en").slice(0, 2).toLowerCase();
    };

    /** Puts `values` into the `{places}` of `text`; `{n:photo|photos}` chooses between one and many. */
    function filled(text, values) {
        if (!values) return text;
        return text.replace(/\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}/g, (place, name, one, many) => {
            if (!(name in values)) return place;
            if (one !== undefined) return values[name] === 1 ? one : many;
            return spoken(values[name]);
        });
    }

    /** A value as it is shown: a message inside a message in the user's language, too. */
    function spoken(value) {
        return value && typeof value === "object" ? lb.message(value) : String(value);
    }

    /** A text of ours in the user's language. The tests read every call, so `text` is always written out. */
    lb.t = function (text, values) {
        const found = lb.dictionary()[text];
        return filled(typeof found === "string" && found ? found : text, values);
    };

    /** Keeps the codes and values that came beside an answer's sentences. */
    lb.learn = function (answer) {
        for (const [text, message] of Object.entries((answer && answer.messages) || {})) {
            messages.delete(text);
            messages.set(text, message);
        }
        while (messages.size > MOST_MESSAGES) messages.delete(messages.keys().next().value);
        return answer;
    };

    /** The message that an English sentence of the server came with; undefined where it is none. */
    lb.messageOf = (text) => (text && typeof text === "object" ? text : messages.get(text));

    /** A message of the server {code, text, values} in the user's language: by its code, else its English. */
    lb.message = function (message) {
        const translation = lb.dictionary()[message.code];
        if (typeof translation === "string" && translation) return filled(translation, message.values);
        const nested = Object.values(message.values || {}).filter((value) => value && typeof value === "object");
        return nested.reduce((text, value) => text.replace(value.text, () => lb.message(value)), message.text || "");
    };

    /** What the server wrote, in the user's language: by the code that came beside it, else as a text of its own. */
    lb.sentence = function (text) {
        if (!text) return "";
        if (typeof text === "object") return lb.message(text);
        const message = messages.get(text);
        if (message) return lb.message({...message, text: text});
        const whole = lb.dictionary()[text];
        return typeof whole === "string" && whole ? whole : text;
    };

    /** Seconds in words: "7 min 43 s". */
    lb.duration = function (seconds) {
        const whole = Math.max(0, Math.round(seconds));
        const hours = Math.floor(whole / 3600);
        const minutes = Math.floor((whole % 3600) / 60);
        const two = (number) => String(number).padStart(2, "0");
        if (hours) return hours + " h " + two(minutes) + " min";
        return minutes ? minutes + " min " + two(whole % 60) + " s" : whole + " s";
    };

    /** A time that is only estimated: "17 min". */
    lb.about = function (seconds) {
        if (seconds < 90) return lb.duration(seconds);
        if (seconds < 3600) return Math.round(seconds / 60) + " min";
        return lb.duration(Math.round(seconds / 60) * 60);
    };

    /** Steps a second as trainers write it: "1.9 it/s", or "2.4 s/it" where a step takes longer. */
    lb.speed = function (rate) {
        return rate >= 1 ? rate.toFixed(1) + " it/s" : (1 / rate).toFixed(1) + " s/it";
    };

    /** Bytes as gigabytes with one decimal: "5.1". */
    lb.gigabytes = (bytes) => (bytes / 1024 ** 3).toFixed(1);

    /** A loss with three digits that say something: "0.083", "0.0042". */
    lb.loss = function (value) {
        if (value === null || value === undefined || !Number.isFinite(value)) return "";
        if (Math.abs(value) >= 1) return value.toFixed(2);
        return Math.abs(value) >= 0.01 || value === 0 ? value.toFixed(3) : value.toPrecision(2);
    };

    /** When something was, shortly, by the browser's own clock and habits. */
    lb.when = function (seconds) {
        if (!seconds) return "";
        return new Date(seconds * 1000).toLocaleString([], {day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"});
    };

    /** An option's value as a person reads it: 1e-4 rather than 0.0001. */
    lb.value = function (value) {
        if (value === null || value === undefined || value === "") return "";
        if (typeof value === "boolean") return value ? lb.t("yes") : lb.t("no");
        if (typeof value === "number" && value !== 0 && Math.abs(value) < 0.001) return value.toExponential().replace("e-0", "e-");
        if (Array.isArray(value)) return value.join(" ");
        return String(value);
    };

    /** A whole number with its thousands marked, as the reader's language does. */
    lb.number = (value) => Number(value).toLocaleString(lb.language());

    lb.shortened = (text, most) => (text.length > most ? text.slice(0, most - 1).trimEnd() + "…" : text);

    lb.countWords = (text) => (text.trim() ? text.trim().split(/\s+/).length : 0);

    /** Whether a caption begins with the subject's name as a word of its own. */
    lb.beginsWith = function (caption, name) {
        const text = caption.trim();
        return Boolean(name) && text.startsWith(name) && !/^[\p{L}\p{N}_]/u.test(text.slice(name.length));
    };

    /** The messages that a sentence of the server consists of: one, or several that were joined. */
    lb.partsOf = function (text) {
        const message = lb.messageOf(text);
        return message && message.code === "joined" ? Object.values(message.values).flatMap(lb.partsOf) : text ? [text] : [];
    };

    /** The code of a sentence of the server, empty where it has none. */
    lb.codeOf = (text) => (lb.messageOf(text) || {}).code || "";

    /** What the server says of a photo, without the file's name in front: that stands above it. */
    lb.withoutFile = function (sentence) {
        const {code, values} = lb.messageOf(sentence) || {};
        if (code === "photo.unreadable") return lb.sentence(values.reason);
        return code === "photo.used_instead" ? lb.sentence(values.what_name) + " " + values.shown : lb.sentence(sentence);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
