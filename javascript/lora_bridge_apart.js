// @ts-check
/* Parts of the page that don't fall together: where one throws, the others are drawn all the same. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const said = new Set();

    /** Does one thing after another, also after one that throws; each error reaches the browser's console once. */
    lb.apart = function (deeds) {
        for (const deed of deeds) {
            try {
                deed();
            } catch (error) {
                const what = String(error);
                if (said.has(what)) continue; // the page is drawn every second
                said.add(what);
                setTimeout(() => { throw error; });
            }
        }
    };

    /** A moment in which the page is drawn and takes keys, between two pieces of work. */
    lb.breath = () => new Promise((done) => {
        const {port1, port2} = new MessageChannel(); // no timer: those wait a second where nobody looks
        port1.onmessage = () => {
            port1.close();
            done();
        };
        port2.postMessage(null);
    });
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
