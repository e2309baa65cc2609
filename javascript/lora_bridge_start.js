// @ts-check
/* Draws the page into its element as soon as that is there, and again when the host replaces it. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** Where the host's own elements are. */
    lb.host = () => (typeof gradioApp === "function" ? gradioApp() : document);

    /** Draws the page into its element, also when the host replaces that. */
    lb.mount = function () {
        const root = lb.host().querySelector("#lora-bridge");
        const parts = [lb.apart, lb.Windowed, lb.Server, lb.Strip, lb.Photos, lb.Captions, lb.Train, lb.Try, lb.Advanced, lb.About, lb.Import, lb.History, lb.Setup, lb.Curve, lb.BaseChooser, lb.Windows, lb.Waiting, lb.Alert, lb.PresetChoice, lb.fieldsOf, lb.HoldOut];
        if (!root || (lb.app && lb.app.root === root) || !lb.t || !lb.foldStatus || !lb.el || !parts.every(Boolean)) return;
        if (lb.app) lb.app.dispose();
        lb.app = new lb.App(root);
        lb.watchGenerate();
    };

    if (typeof document !== "undefined") {
        const start = () => {
            new MutationObserver(() => { if (!lb.app || !lb.app.root.isConnected) lb.mount(); }).observe(document.body, {childList: true, subtree: true});
            lb.mount();
            if (typeof onUiLoaded === "function") onUiLoaded(() => lb.app && lb.watchGenerate());
        };
        if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
        else setTimeout(start, 0);
    }
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
