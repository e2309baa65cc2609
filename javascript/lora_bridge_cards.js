// @ts-check
/* The host's cards of LoRAs, drawn anew when there is another file. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** Looks at a list that is being made, before it is taken for stuck. */
    const LOOKS = 200;
    let isRefreshing = false, isRefreshWanted = false;

    /** Makes the host look for new LoRAs, in both of its tabs, once it is idle: its buttons empty and refill the list of checkpoints, too, and a Generate that begins meanwhile
        finds none. So one after the other, looking every `pause` ms; what is asked for meanwhile is done afterwards. */
    lb.refreshCards = async function (app, pause = 3000) {
        isRefreshWanted = true;
        if (isRefreshing) return;
        isRefreshing = true;
        try {
            while (isRefreshWanted) {
                isRefreshWanted = false;
                for (const button of lb.cardButtons()) await refresh(app, button, pause);
            }
        } catch (error) { /* the WebUI is gone; its next start looks by itself */ } finally {
            isRefreshing = false;
        }
    };

    /** A second time where the newest LoRA has no card: the host forgets its list while it makes another, as for another window. */
    async function refresh(app, button, pause) {
        await press(app, button, pause);
        const {loras} = await app.server.get("loras");
        if (loras.length && !lb.hasCard(button, loras[0].stem)) await press(app, button, pause);
    }

    /** The list takes as long as the host's model to load, if that has left the memory. */
    async function press(app, button, pause) {
        await lb.untilIdle(app.server, pause);
        button.dispatchEvent(new Event("click", {bubbles: true}));
        for (let looks = 0; looks < LOOKS && (!looks || lb.isDrawing(button)); looks += 1) await sleep(pause);
    }

    const sleep = (wait) => new Promise((resolve) => { setTimeout(resolve, wait); });

    /** The host's hidden buttons that draw the LoRAs' cards anew. */
    lb.cardButtons = () => ["txt2img", "img2img"].map((tab) => lb.host().querySelector("#" + tab + "_lora_extra_refresh_internal")).filter(Boolean);

    const partOf = (button, part) => "#" + button.id.replace("extra_refresh_internal", part);

    /** Whether the host is at work for one of these buttons: gradio covers what it will replace. */
    lb.isDrawing = function (button) {
        const cover = lb.host().querySelector(partOf(button, "cards_html") + " .wrap:not(.hide)");
        return Boolean(cover && !cover.querySelector(".error"));
    };

    lb.hasCard = (button, stem) => Boolean(lb.host().querySelector(partOf(button, "cards") + " [data-name=" + JSON.stringify(stem) + "]"));

    /** Until the host neither generates nor waits for a training; asks every `wait` ms. */
    lb.untilIdle = async function (server, wait) {
        while ((await server.get("status")).host_busy) await sleep(wait);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
