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
        const found = [];
        const walk = async (entry) => {
            if (entry.isFile) {
                found.push({path: entry.fullPath, file: await new Promise((resolve, reject) => entry.file(resolve, reject))});
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
        const stems = new Set(found.map((one) => one.path.replace(/\.[^./]*$/, "")));
        return found.map((one) => asBesidePhoto(one.path, one.file, stems));
    };

    /** A mask in a folder of masks is called like one that lies beside its photo; `stems`: paths of what was dropped, without their endings. */
    function asBesidePhoto(path, file, stems) {
        const [, above, stem, ending] = /^(.*\/)masks?\/([^/]+)(\.[^./]*)$/.exec(path) || [];
        return stem && stems.has(above + stem) ? new File([file], stem + ".mask" + ending, {type: file.type}) : file;
    }
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
