// @ts-check
/* A word from the browser when a training ends, for whoever looks at something else meanwhile. Asked for once. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const ASKED = "lora-bridge-notify";

    function asked() {
        try {
            return localStorage.getItem(ASKED) === "yes";
        } catch (error) {
            return true; // nothing can be remembered: don't ask each time
        }
    }

    /** Whether to offer it: the browser knows how, nobody has answered yet. */
    lb.mayNotify = () => typeof Notification === "function" && Notification.permission === "default" && !asked();

    /** At a start, once: browsers want a click for it. */
    lb.askToNotify = function () {
        if (!lb.mayNotify()) return;
        try {
            localStorage.setItem(ASKED, "yes");
            Notification.requestPermission();
        } catch (error) { /* an old browser, or a page that may not ask */ }
    };

    /** Whether it was allowed. */
    lb.canNotify = () => typeof Notification === "function" && Notification.permission === "granted";

    /** Says how a job ended, unless the page is looked at. */
    lb.notify = function (title, text) {
        if (!lb.canNotify() || !document.hidden) return;
        try {
            const shown = new Notification(title, {body: text, tag: "lora-bridge"});
            shown.onclick = () => { window.focus(); shown.close(); };
        } catch (error) { /* on phones only a service worker may */ }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
