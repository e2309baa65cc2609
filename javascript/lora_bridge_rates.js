// @ts-check
/* What a chart is made of, as pure functions: the learning rate at each step, and the numbers as CSV. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** How the schedules that we know change a rate over the part of the run after its warm-up, 0 to 1. */
    const SHAPES = {
        constant: () => 1,
        constant_with_warmup: () => 1,
        linear: (part) => 1 - part,
        cosine: (part) => 0.5 * (1 + Math.cos(Math.PI * part)),
        cosine_with_restarts: (part, params) => (part >= 1 ? 0 : 0.5 * (1 + Math.cos(Math.PI * ((part * (params.lr_scheduler_num_cycles || 1)) % 1)))),
        polynomial: (part, params) => (1 - part) ** (params.lr_scheduler_power || 1),
    };

    /** The U-Net's learning rate as a function of the step; null for a schedule that isn't known here. */
    lb.learningRate = function (params) {
        const shape = SHAPES[params.lr_scheduler];
        if (!shape || /^(prodigy|dadapt|adafactor|automagic)/i.test(params.optimizer_type || "")) return null;
        const rate = params.unet_lr === null || params.unet_lr === undefined ? params.learning_rate : params.unet_lr;
        const warm = params.lr_warmup_steps || 0;
        const total = params.max_train_steps || 1;
        return (step) => {
            if (step < warm) return rate * step / warm;
            return rate * shape(Math.min(1, (step - warm) / Math.max(1, total - warm)), params);
        };
    };

    /** Step, loss, held-out loss with its error, training photos' loss, learning rate: a line each. */
    lb.curveCsv = function (points, best, rate) {
        const saves = new Map(((best && best.curve) || []).map((save) => [save.step, save]));
        const losses = new Map(points.map((point) => [point[0], point[1]]));
        const steps = [...new Set([...losses.keys(), ...saves.keys()])].sort((a, b) => a - b);
        const lines = steps.map((step) => {
            const save = saves.get(step) || {};
            return [step, losses.get(step), save.held_out, save.error, save.training, rate ? rate(step) : undefined].map((one) => (one === undefined || one === null ? "" : one)).join(",");
        });
        return ["step,loss,held_out,error,training,learning_rate", ...lines].join("\n") + "\n";
    };

    /** Gives the browser a file to keep. */
    lb.save = function (name, data, type) {
        const address = URL.createObjectURL(new Blob([data], {type: type}));
        const link = lb.el("a", {href: address, download: name});
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(address), 1000);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
