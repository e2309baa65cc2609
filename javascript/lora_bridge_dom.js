// @ts-check
/* Making elements. All text goes in as text nodes, so nothing that a user or a file name says can become markup.
   A text that changes is changed inside its node: the WebUI runs every extension's callbacks when nodes come and go. */
(function (/** @type {LoraBridge} */ lb) {
    "use strict";

    let ids = 0;
    lb.newId = () => "lora-bridge-" + (++ids);

    function setOne(node, name, value) {
        if (value === null || value === undefined) return;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else if (value === true) node.setAttribute(name, "");
        else if (value !== false) node.setAttribute(name, value);
    }

    /** An element with attributes ("on..." for events) and children: nodes, texts, or nothing. */
    lb.el = function (tag, attributes, ...children) {
        const node = document.createElement(tag);
        for (const name of Object.keys(attributes || {})) setOne(node, name, attributes[name]);
        node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
        return node;
    };

    /** An SVG element. */
    lb.svg = function (tag, attributes, ...children) {
        const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const name of Object.keys(attributes || {})) setOne(node, name, attributes[name]);
        node.append(...children);
        return node;
    };

    lb.setText = function (node, text) {
        const wanted = String(text === null || text === undefined ? "" : text);
        const first = /** @type {Text} */ (node.firstChild);
        const only = node.childNodes.length === 1 && first.nodeType === Node.TEXT_NODE ? first : null;
        if (!only) node.replaceChildren(document.createTextNode(wanted));
        else if (only.data !== wanted) only.data = wanted;
    };

    lb.setAttribute = function (node, name, value) {
        if (value === null || value === undefined || value === false) {
            if (node.hasAttribute(name)) node.removeAttribute(name);
        } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
    };

    lb.setClass = (node, name, on) => { if (node.classList.contains(name) !== Boolean(on)) node.classList.toggle(name, Boolean(on)); };

    /** By the attribute: an SVG has no property `hidden`. */
    lb.show = (node, visible) => { if (node.hasAttribute("hidden") === Boolean(visible)) node.toggleAttribute("hidden", !visible); };

    /** Sets an input's value, unless the user is in it. */
    lb.setValue = function (input, value) {
        const wanted = value === null || value === undefined ? "" : String(value);
        if (document.activeElement !== input && input.value !== wanted) input.value = wanted;
    };

    lb.button = function (text, onclick, kind) {
        return lb.el("button", {type: "button", class: "lb-button" + (kind ? " lb-" + kind : ""), onclick: onclick}, text);
    };

    /** A label over an input: {node, input, hint}. */
    lb.field = function (label, input, wide) {
        input.id = input.id || lb.newId();
        const hint = lb.el("span", {class: "lb-hint", id: input.id + "-hint"});
        input.setAttribute("aria-describedby", hint.id);
        const node = lb.el("div", {class: "lb-field" + (wide ? " lb-wide" : "")}, lb.el("label", {for: input.id}, label), input, hint);
        return {node: node, input: input, hint: hint};
    };

    /** Replaces a select's options where they differ. `choices`: [{value, text, disabled, title}]. */
    lb.setChoices = function (select, choices, value) {
        const now = JSON.stringify(choices);
        if (select.lbChoices !== now) {
            select.lbChoices = now;
            select.replaceChildren(...choices.map((one) => lb.el("option", {value: one.value, disabled: one.disabled, title: one.title}, one.text)));
        }
        const wanted = value === null || value === undefined ? "" : String(value);
        if (document.activeElement !== select || !select.lbTouched) select.value = wanted;
    };

    /** What is chosen in a select, where that is still among the choices; else the first of them. */
    lb.chosenOf = (select, choices) => (choices.some((one) => one.value === select.value) ? select.value : choices.length ? choices[0].value : "");

    /** Makes a list show `items`; `draw(item)` is called only where an item (by `key`) is new or has changed. */
    lb.fillList = function (list, items, key, draw) {
        const known = list.lbKnown || new Map();
        const next = new Map();
        const nodes = items.map((item, index) => {
            const name = String(key(item, index));
            const text = JSON.stringify(item);
            const old = known.get(name);
            const entry = old && old.text === text ? old : {text: text, node: draw(item)};
            next.set(name, entry);
            return entry.node;
        });
        list.lbKnown = next;
        if (nodes.length !== list.children.length || nodes.some((node, index) => node !== list.children[index])) list.replaceChildren(...nodes);
    };

    /** Sentences as a list; hidden where there are none. */
    lb.sentences = function (list, sentences) {
        lb.fillList(list, sentences, (sentence, index) => index + sentence, (sentence) => lb.el("li", {}, sentence));
        lb.show(list, sentences.length > 0);
    };

    /** A closed part that remembers, for this browser session, whether it was opened. `opened` runs when it opens. */
    lb.part = function (name, title, opened) {
        const heading = lb.el("span", {}, title);
        const more = lb.el("span", {class: "lb-dim"});
        const body = lb.el("div", {class: "lb-part-body"});
        const node = lb.el("details", {class: "lb-part"}, lb.el("summary", {}, heading, more), body);
        node.open = lb.remembered("open-" + name) === "yes";
        node.addEventListener("toggle", () => {
            lb.remember("open-" + name, node.open ? "yes" : "");
            if (node.open && opened) opened();
        });
        return {node: node, body: body, more: more};
    };

    /** In "sessionStorage" until the window is closed, in "localStorage" for good. */
    lb.remember = function (name, value, where = "sessionStorage") {
        try {
            if (value) globalThis[where].setItem("lora-bridge-" + name, value);
            else globalThis[where].removeItem("lora-bridge-" + name);
        } catch (error) { /* storage is switched off: then nothing is remembered */ }
    };

    lb.remembered = function (name, where = "sessionStorage") {
        try {
            return globalThis[where].getItem("lora-bridge-" + name) || "";
        } catch (error) {
            return "";
        }
    };
})(globalThis.loraBridge = globalThis.loraBridge || /** @type {any} */ ({}));
