// @ts-check
/* Problems lead to their fields: where each field is, and sentences whose first words are a way there. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** The fields that a problem may name: where -> [step, its label, its input]. */
    lb.fieldsOf = function (app) {
        const {photos, train} = app.views;
        const setup = ["train", lb.t("Set-up"), () => train.setup.start];
        return {
            name: ["photos", lb.t("Name"), () => photos.name.input],
            class: ["photos", lb.t("What is it"), () => photos.kind.input],
            class_token: ["photos", lb.t("What is it"), () => photos.kind.input],
            photos: ["photos", lb.t("Photos"), () => photos.folder.input],
            held_out: ["photos", lb.t("held out"), () => photos.held.off],
            path: ["photos", lb.t("Photos"), () => photos.folder.input],
            base: ["train", lb.t("Base model"), () => train.base.input],
            preset: ["train", lb.t("What are you training?"), () => train.choice.subject.input],
            steps: ["train", lb.t("Steps"), () => train.count.input],
            "LoRA name": ["train", lb.t("LoRA name"), () => train.name.input],
            lora_name: ["train", lb.t("LoRA name"), () => train.name.input],
            engine: ["train", lb.t("Engine"), () => train.advanced.engine.input],
            gpus: ["train", lb.t("GPUs"), () => train.advanced.gpus.input],
            enough: ["train", lb.t("End when it no longer gets better"), () => train.advanced.enough.input],
            "sd-scripts": setup,
            embedded: setup,
        };
    };

    /** Opens the step of a field and puts the cursor there; an option is found in the search of all options. */
    lb.goTo = async function (app, where) {
        const [step, , input] = lb.fieldsOf(app)[where] || ["train", where, null];
        const advanced = app.views.train.advanced;
        app.open(step);
        if (!input) await advanced.find(where);
        const target = input ? input() : advanced.search.input;
        const closed = target.closest("details:not([open])");
        if (closed) closed.open = true;
        target.scrollIntoView({block: "center"});
        target.focus({preventScroll: true});
    };

    /** Fills a list with the problems of an answer; what one of them is about is a button that leads there. */
    lb.showProblems = function (app, list, problems) {
        const fields = lb.fieldsOf(app);
        lb.fillList(list, problems, (problem, index) => index + problem, (problem) => {
            const parts = lb.problemParts(problem);
            const known = parts.where && (fields[parts.where] || /^[a-z][a-z0-9_]+$/.test(parts.where));
            if (!known) return lb.el("li", {}, lb.sentence(problem));
            const label = fields[parts.where] ? fields[parts.where][1] : parts.where;
            return lb.el("li", {}, lb.el("button", {type: "button", class: "lb-link", onclick: () => lb.goTo(app, parts.where)}, label), ": " + parts.text);
        });
        lb.show(list, problems.length > 0);
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
