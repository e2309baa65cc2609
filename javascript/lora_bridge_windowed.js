// @ts-check
/* A list that holds only what can be seen, so that 1,000 photos cost as little as ten. It scrolls with the window:
   nothing scrolls inside the page. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    /**
     * `options`: columns(width), height(width) of a row, make() -> element, fill(element, item, index), label.
     * Items are {id, ...}. Elements are filled again when their item is another object than before.
     */
    lb.Windowed = class {
        constructor(options) {
            this.options = options;
            this.items = [];
            this.shown = new Map();
            this.spare = [];
            this.body = lb.el("div", {class: "lb-window-body", role: "list", "aria-label": options.label});
            this.node = lb.el("div", {class: "lb-window"}, this.body);
            this.watch = new ResizeObserver(() => this.later());
            this.watch.observe(this.node);
            this.moved = () => this.later();
            window.addEventListener("resize", this.moved);
            document.addEventListener("scroll", this.moved, {passive: true, capture: true}); // whatever scrolls, the window as a rule
        }

        set(items) {
            this.items = items;
            this.later();
        }

        later() {
            if (this.waiting) return;
            this.waiting = true;
            requestAnimationFrame(() => {
                this.waiting = false;
                this.draw();
            });
        }

        draw() {
            if (!this.node.clientWidth || !this.node.offsetParent) return;
            const width = this.node.clientWidth;
            const columns = Math.max(1, this.options.columns(width));
            const height = this.options.height(width);
            const rows = Math.ceil(this.items.length / columns);
            const total = rows * height + "px";
            if (this.body.style.height !== total) this.body.style.height = total;
            const above = -this.body.getBoundingClientRect().top;
            const first = Math.max(0, Math.floor(above / height) - 1);
            const last = Math.min(rows, Math.ceil((above + window.innerHeight) / height) + 1);
            const wanted = new Set();
            for (let index = first * columns; index < Math.min(last * columns, this.items.length); index++) wanted.add(this.items[index].id);
            this.recycle(wanted);
            const places = this.places || (this.places = new Map());
            if (this.placesOf !== this.items) {
                places.clear();
                this.items.forEach((item, index) => places.set(item.id, index));
                this.placesOf = this.items;
            }
            // the first of the page is taken first, so that the Tab key goes from row to row
            this.spare.sort((one, other) => (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? 1 : -1));
            for (const id of wanted) if (!this.shown.has(id)) this.shown.set(id, {node: this.take()});
            for (const [id, entry] of this.shown) this.place(entry, places.get(id), columns, height);
        }

        /** Takes back elements that are out of sight, except the one that has the focus. */
        recycle(wanted) {
            for (const [id, entry] of [...this.shown]) {
                if (wanted.has(id)) continue;
                if (entry.node.contains(document.activeElement) && this.items.some((item) => item.id === id)) continue;
                this.shown.delete(id);
                entry.node.hidden = true;
                this.spare.push(entry.node);
            }
        }

        take() {
            const node = this.spare.pop() || this.body.appendChild(this.options.make());
            node.hidden = false;
            return node;
        }

        place(entry, index, columns, height) {
            const item = this.items[index];
            if (entry.item !== item || entry.index !== index) {
                entry.item = item;
                entry.index = index;
                entry.node.setAttribute("aria-setsize", this.items.length);
                entry.node.setAttribute("aria-posinset", index + 1);
                this.options.fill(entry.node, item, index);
            }
            const style = entry.node.style;
            const left = 100 / columns * (index % columns) + "%";
            const top = Math.floor(index / columns) * height + "px";
            if (style.left !== left) style.left = left;
            if (style.top !== top) style.top = top;
            const wide = 100 / columns + "%";
            if (style.width !== wide) style.width = wide;
            if (style.height !== height + "px") style.height = height + "px";
        }

        /** Fills the element of one item anew, where it is in sight. */
        refresh(item) {
            const index = this.items.findIndex((one) => one.id === item.id);
            if (index < 0) return;
            this.items[index] = item;
            this.later();
        }

        dispose() {
            this.watch.disconnect();
            window.removeEventListener("resize", this.moved);
            document.removeEventListener("scroll", this.moved, {capture: true});
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
