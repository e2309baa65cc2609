// @ts-check
/* A training that starts later, when nobody needs the GPU. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** The next moment at which this clock shows `clock` ("23:00"), with its zone; "" for no time. */
    lb.nextTime = function (clock, now) {
        const match = /^(\d{1,2}):(\d{2})$/.exec(clock || "");
        if (!match) return "";
        const time = new Date(now);
        time.setHours(Number(match[1]), Number(match[2]), 0, 0);
        if (time.getTime() <= now) time.setDate(time.getDate() + 1);
        return time.toISOString();
    };

    /** "or start at 23:00": a time of day and its button. */
    lb.StartLater = class {
        constructor(begin) {
            this.time = lb.el("input", {type: "time", value: "23:00", class: "lb-time", "aria-label": lb.t("Time to start at")});
            this.button = lb.button(lb.t("start at"), () => {
                const at = lb.nextTime(this.time.value, Date.now());
                return at ? begin(at) : this.time.focus();
            }, "small");
            this.node = lb.el("span", {class: "lb-later lb-small"}, lb.el("span", {class: "lb-dim"}, lb.t("or")), " ", this.button, " ", this.time);
        }

        update(ready) {
            this.button.disabled = !ready;
            this.time.disabled = !ready;
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
