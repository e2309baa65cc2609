// @ts-check
/* The strip of sample pictures: a column a step, a row a prompt; and the prompts, to change while it trains. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /** Steps above a strip's columns: the first is before the training, the newest of a running one is now. */
    lb.stripHeads = (steps, running) => steps.map((step, at) => {
        if (step === 0) return lb.t("before");
        const number = lb.number(step);
        return running && at === steps.length - 1 ? lb.t("{step} now", {step: number}) : number;
    });

    lb.SampleStrip = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.table = lb.el("table", {class: "lb-strip-table"});
            this.scroll = lb.el("div", {class: "lb-strip-scroll", tabindex: 0, role: "region", "aria-label": lb.t("Sample pictures by step")}, this.table);
            this.prompts = new lb.PromptEditor(app);
            this.node = lb.el("div", {class: "lb-samples-part", hidden: true}, this.scroll, this.prompts.node);
        }

        update(strip, job) {
            lb.show(this.node, Boolean(strip) || Boolean(job && lb.isActive(job)));
            lb.show(this.scroll, Boolean(strip));
            this.prompts.update(job);
            this.showNewest();
            const mark = JSON.stringify([strip, job && lb.isActive(job)]);
            if (!strip || mark === this.mark) return;
            this.mark = mark;
            const heads = lb.stripHeads(strip.steps, lb.isActive(job));
            const head = lb.el("tr", {}, lb.el("td", {}), ...heads.map((text) => lb.el("th", {scope: "col"}, text)));
            const rows = strip.prompts.map((prompt, row) => this.row(strip, prompt, row, heads));
            this.table.replaceChildren(lb.el("thead", {}, head), lb.el("tbody", {}, ...rows));
            this.isNew = true;
            this.showNewest();
        }

        /** Once it can be seen. */
        showNewest() {
            if (!this.isNew || !this.scroll.clientWidth) return;
            this.scroll.scrollLeft = this.scroll.scrollWidth;
            this.isNew = false;
        }

        row(strip, prompt, row, heads) {
            const other = strip.others.includes(row);
            const title = lb.el("th", {scope: "row"}, lb.shortened(prompt, 70) || lb.t("an earlier prompt"),
                other ? lb.el("span", {class: "lb-dim"}, " ", lb.t("(should not change)")) : null);
            const cells = strip.pictures[row].map((url, column) => lb.el("td", {}, url ? this.picture(url, prompt, heads[column]) : null));
            return lb.el("tr", {}, title, ...cells);
        }

        picture(url, prompt, head) {
            const address = this.app.server.url(url);
            const alt = lb.t("{prompt}, step {step}", {prompt: prompt, step: head});
            return lb.el("a", {href: address, target: "_blank", rel: "noopener"}, lb.el("img", {src: address, alt: alt, loading: "lazy", decoding: "async"}));
        }
    };

    /** What the samples show, a prompt a line; each sampling reads it again. */
    lb.PromptEditor = class {
        constructor(/** @type {LoraBridgeApp} */ app) {
            this.app = app;
            this.part = lb.part("prompts", lb.t("Change the sample prompts"), () => this.opened());
            this.text = lb.field(lb.t("One prompt a line; --w, --h, --d, --l, --s and --n as in sd-scripts"), lb.el("textarea", {rows: 5, spellcheck: "false"}));
            this.save = lb.button(lb.t("Use from the next save on"), () => this.send(), "small");
            this.none = lb.el("p", {class: "lb-dim", hidden: true}, lb.t("This training draws no sample pictures."));
            this.some = lb.el("div", {}, this.text.node, lb.el("p", {class: "lb-start"}, this.save));
            this.part.body.append(this.none, this.some);
            this.node = this.part.node;
        }

        update(job) {
            lb.show(this.node, Boolean(job) && lb.isActive(job));
            if (!job || job.id === this.job) return;
            this.job = job.id;
            if (this.node.open) this.opened();
        }

        async opened() {
            try {
                const answer = await this.app.server.newest("jobs/" + this.job + "/prompts", "prompts");
                if (!answer) return;
                lb.setValue(this.text.input, answer.text);
                lb.show(this.none, !answer.text);
                lb.show(this.some, Boolean(answer.text));
            } catch (error) {
                this.app.complain(error);
            }
        }

        send() {
            return this.app.act(this.save, async () => {
                const answer = await this.app.server.post("jobs/" + this.job + "/prompts", {text: this.text.input.value});
                this.app.tell(lb.sentence(answer.sentence));
            });
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
