// @ts-check
/* What somebody drops: files, folders, and what is no photo. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    const LARGE = 8 * 1024 ** 2;

    /** What is no picture goes along, as a file that is listed as left out, with the reason; of a large one its beginning is enough. */
    lb.toBeLeftOut = (file) => (file.size > LARGE ? new File([file.slice(0, 4096)], file.name) : file);

    /** The files of a drop, also those inside dropped folders. */
    lb.droppedFiles = async function (transfer) {
        const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
        if (!entries.length) return [...transfer.files];
        const files = [];
        const walk = async (entry) => {
            if (entry.isFile) {
                files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
                return;
            }
            const reader = entry.createReader();
            for (;;) {
                const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
                if (!some.length) return;
                for (const one of some) await walk(one);
            }
        };
        for (const entry of entries) await walk(entry).catch(() => null);
        return files;
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
