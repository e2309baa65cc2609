"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb} = require("./load.js");

/** What the browser calls a file. */
const file = (name, bytes) => Object.assign(new Blob([bytes]), {name: name});

function safetensors(header, behind) {
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, Buffer.alloc(behind)]);
}

test("of a LoRA only its header is sent, of anything else all of it", async () => {
    const header = {__metadata__: {ss_network_dim: "8"}};
    const front = await lb.frontOf(file("old.safetensors", safetensors(header, 100000)));
    assert.strictEqual(front.size, 8 + JSON.stringify(header).length);
    assert.deepStrictEqual(JSON.parse((await front.text()).slice(8)), header);
    const config = file("k.json", "{}");
    assert.strictEqual(await lb.frontOf(config), config);
});

test("what calls itself a LoRA and is none is sent shortly, for the server to say so", async () => {
    assert.strictEqual((await lb.frontOf(file("web.safetensors", "<!doctype html>" + "x".repeat(5000)))).size, 64);
    assert.strictEqual((await lb.frontOf(file("empty.safetensors", ""))).size, 0);
});

test("configs are known by their names", () => {
    const names = ["a.json", "b.TOML", "c.safetensors", "d.ps1", "e.bat", "f.ipynb", "g.yaml", "photo.jpg", "caption.txt", "set.zip", "model.ckpt"];
    assert.deepStrictEqual(names.filter((name) => lb.isConfig({name: name})), names.slice(0, 7));
});

test("a reason that many keys share is said once", () => {
    const rows = [{key: "a", why: "x"}, {key: "b", why: "y"}, {key: "c", why: "x"}];
    assert.deepStrictEqual(lb.byReason(rows).map(([why, some]) => [why, some.map((row) => row.key)]), [["x", ["a", "c"]], ["y", ["b"]]]);
});

test("sd-scripts' help is shown in Japanese to whom reads that, else in English", (t) => {
    t.after(() => { delete globalThis.opts; });
    const option = {help: "batch size", help_ja: "バッチサイズ"};
    assert.strictEqual(lb.optionHelp(option), "batch size");
    globalThis.opts = {localization: "ja_JP"};
    assert.strictEqual(lb.optionHelp(option), "バッチサイズ");
    assert.strictEqual(lb.optionHelp({help: "rank", help_ja: ""}), "rank");
    globalThis.opts = {localization: "es_ES"};
    assert.strictEqual(lb.language() + lb.optionHelp(option), "esbatch size");
});

test("a preset says its steps and its memory; the minutes stand at the top alone", () => {
    const preset = {pictures: [1500, 2000], memory: "Fits 12 GB."};
    assert.deepStrictEqual(lb.presetFacts(preset), ["Made for 1500 to 2000 pictures shown in all.", "Memory: Fits 12 GB."]);
    assert.deepStrictEqual(lb.presetFacts({pictures: null, memory: ""}), []);
});
