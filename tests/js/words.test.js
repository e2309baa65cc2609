"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb, spanish, names, source} = require("./load.js");

/** Every text that the page shows, as it stands in lb.t(...) calls. */
function shownTexts() {
    const found = new Set();
    for (const name of names()) {
        for (const match of source(name).matchAll(/lb\.t\(\s*"((?:[^"\\]|\\.)*)"/g)) found.add(JSON.parse('"' + match[1] + '"'));
    }
    return found;
}

const places = (text) => (text.match(/\{\w+\}/g) || []).sort().join();

test("every text of the page is written out, so that it can be found", () => {
    for (const name of names()) assert.doesNotMatch(source(name), /lb\.t\((?!\s*")/, name);
    assert.ok(shownTexts().size > 150);
});

test("the Spanish localization has every text of the page", () => {
    assert.deepStrictEqual([...shownTexts()].filter((text) => !(text in spanish)), []);
});

test("the Spanish localization has nothing that is shown no more", () => {
    const shown = shownTexts();
    const named = Object.keys(spanish).filter((text) => /\{[a-z]\w*\}/.test(text));
    assert.deepStrictEqual(named.filter((text) => !shown.has(text)), []);
});

test("translations keep the places for numbers and names", () => {
    for (const text of shownTexts()) assert.strictEqual(places(spanish[text]), places(text), text);
});

test("no text is put together from markup", () => {
    for (const name of names()) assert.doesNotMatch(source(name), /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
});

test("the host's localization translates the page's texts and the server's sentences", (t) => {
    t.after(() => { delete globalThis.localization; });
    assert.strictEqual(lb.t("{used} of {total} {total:photo|photos} will be used.", {used: 10, total: 12}), "10 of 12 photos will be used.");
    globalThis.localization = spanish;
    assert.strictEqual(lb.t("{used} of {total} {total:photo|photos} will be used.", {used: 10, total: 12}), "Se usarán 10 de 12 fotos.");
    const missing = {
        code: "problem", text: "name: is missing. Write it.",
        values: {where: "name", what: {code: "test.missing", text: "is missing", values: {count: 2}}, remedy: "Write it."},
    };
    globalThis.localization = {problem: "{where}: {what}. {remedy}", "test.missing": "{count:falta|faltan}", "as it is": "tal cual"};
    lb.learn({messages: {[missing.text]: missing, "3 photos": {code: "test.new", values: {count: 3}}}});
    assert.strictEqual(lb.sentence(missing.text), "name: faltan. Write it.");
    assert.strictEqual(lb.sentence(missing), "name: faltan. Write it.");
    assert.strictEqual(lb.sentence("3 photos"), "3 photos", "English where a code has no translation");
    assert.strictEqual(lb.sentence("as it is"), "tal cual");
});

test("a sentence around one that is translated keeps its own words", (t) => {
    t.after(() => { delete globalThis.localization; });
    globalThis.localization = {"test.full": "está llena"};
    const full = {code: "test.full", text: "is full", values: {}};
    assert.strictEqual(lb.sentence({code: "test.folder", text: "D: is full.", values: {folder: "D:", reason: full}}), "D: está llena.");
});

test("a place in a text takes what it is given, also signs that replace() knows", () => {
    assert.strictEqual(lb.t("Caption of {file}", {file: "$& {n} .png"}), "Caption of $& {n} .png");
});

test("times and speeds read as in the command line", () => {
    assert.strictEqual(lb.duration(463), "7 min 43 s");
    assert.strictEqual(lb.duration(59.6), "1 min 00 s");
    assert.strictEqual(lb.duration(7380), "2 h 03 min");
    assert.strictEqual(lb.about(1034), "17 min");
    assert.strictEqual(lb.about(45), "45 s");
    assert.strictEqual(lb.speed(1.94), "1.9 it/s");
    assert.strictEqual(lb.speed(0.4167), "2.4 s/it");
    assert.strictEqual(lb.gigabytes(5.1 * 1024 ** 3), "5.1");
});

test("losses show the digits that say something", () => {
    assert.deepStrictEqual([1.2346, 0.0834, 0.00421, 0, null, NaN].map(lb.loss), ["1.23", "0.083", "0.0042", "0.000", "", ""]);
});

test("values of options read as people write them", () => {
    assert.deepStrictEqual([1e-4, 5e-5, 0.05, 32, true, null, ["a", "b"]].map(lb.value), ["1e-4", "5e-5", "0.05", "32", "yes", "", "a b"]);
});

test("a caption begins with the name only where the name is a word of its own", () => {
    assert.ok(lb.beginsWith("AlvaroBadia man, in a park", "AlvaroBadia"));
    assert.ok(lb.beginsWith("  Ana, smiling", "Ana"));
    assert.ok(!lb.beginsWith("Anabel smiling", "Ana"));
    assert.ok(!lb.beginsWith("Anaïs", "Ana"));
    assert.ok(!lb.beginsWith("a man", ""));
});

test("a verdict stands below its file's name, so it needn't begin with it", () => {
    const damaged = {code: "photo.damaged", text: "is damaged. Export it again.", values: {}};
    const same = {code: "photo.copy", text: "is a copy of", values: {}};
    lb.learn({messages: {
        "a.jpg is damaged. Export it again.": {code: "photo.unreadable", values: {file: "a.jpg", reason: damaged}},
        "b.jpg is a copy of a.jpg, which is used instead.": {code: "photo.used_instead", values: {label: "b.jpg", what_name: same, shown: "a.jpg"}},
    }});
    assert.strictEqual(lb.withoutFile("a.jpg is damaged. Export it again."), "is damaged. Export it again.");
    assert.strictEqual(lb.withoutFile("b.jpg is a copy of a.jpg, which is used instead."), "is a copy of a.jpg");
    assert.strictEqual(lb.withoutFile("c.jpg is good (1024 x 1024)."), "c.jpg is good (1024 x 1024).");
});

test("a missing engine is told without the command that the button spares", () => {
    const run = {code: "setup.run_sd_scripts_bridge", text: "Run `sd-scripts-bridge setup`.", values: {}};
    const what = {code: "sd_scripts.set_yet", text: "is not set up yet", values: {}};
    const said = {code: "problem", text: "is not set up yet. Run `sd-scripts-bridge setup`.", values: {where: "", what: what, remedy: run}};
    const sentence = {code: "doctor.engine_lacks", text: "Engine sd-scripts: ...", values: {name: "sd-scripts", said: said}};
    assert.strictEqual(lb.withoutCommand(sentence), "sd-scripts: is not set up yet");
});
