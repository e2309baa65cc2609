"use strict";
const assert = require("node:assert");
const test = require("node:test");
const {lb} = require("./load.js");

test("each LoRA tool asks for what its fields say, and for nothing else", () => {
    const said = {rank: "8", other: "/l/B.safetensors", weights: "0.5, 1", into: "/m/base.safetensors", tuned: "/m/tuned.safetensors", from: "/m/base.safetensors", name: "New"};
    const asked = (action) => lb.loraWork(action, "/l/A.safetensors", said);
    assert.deepStrictEqual(lb.loraWork("resize", "/l/A.safetensors", {rank: "8"}), {action: "resize", files: ["/l/A.safetensors"], rank: 8});
    assert.deepStrictEqual(asked("merge"), {action: "merge", files: ["/l/A.safetensors", "/l/B.safetensors"], weights: [0.5, 1], rank: 8, name: "New"});
    assert.deepStrictEqual(asked("into"), {action: "merge", files: ["/l/A.safetensors"], into: "/m/base.safetensors", weights: [0.5, 1], name: "New"});
    assert.deepStrictEqual(asked("extract"), {action: "extract", files: ["/m/tuned.safetensors"], from: "/m/base.safetensors", rank: 8, name: "New"});
    assert.strictEqual(lb.folderOf("/l/people/Ada.safetensors", "people/Ada.safetensors"), "/l/");
});

test("the usable saves are told as a range, or as one", () => {
    assert.strictEqual(lb.usableText([450, 900]), "Usable: 450 to 900.");
    assert.strictEqual(lb.usableText([600, 600]), "No other save is as good.");
    assert.strictEqual(lb.usableText(null), "");
});

test("why there is nothing to try goes by the newest training", () => {
    const job = (status, more) => ({kind: "train", title: "Ada", status: status, ...more});
    assert.match(lb.nothingToTry([]), /start a training/);
    assert.match(lb.nothingToTry([{kind: "tool", status: "running"}, job("queued")]), /Ada is not finished/);
    assert.match(lb.nothingToTry([job("stopped", {saved: 20}), job("queued")]), /Resume Ada in step 3/);
    assert.match(lb.nothingToTry([job("failed", {saved: null})]), /start a training/);
});

test("runs are compared on held-out photos only where all of them have that", () => {
    const held = {held_out: [[10, 0.2, 0.01], [20, 0.1, 0.01]], curve: [[1, 0.5, 1], [2, 0.4, 1]]};
    const plain = {held_out: [], curve: [[1, 0.6, 1], [2, 0.3, 1]]};
    assert.deepStrictEqual(lb.compareLines([held, held]), {held: true, lines: [[[10, 0.2], [20, 0.1]], [[10, 0.2], [20, 0.1]]]});
    const mixed = lb.compareLines([held, plain]);
    assert.strictEqual(mixed.held, false);
    assert.deepStrictEqual(mixed.lines.map((line) => line.map((point) => point[0])), [[1, 2], [1, 2]]);
});

test("a grid that is drawn says how long it takes once that is known", () => {
    const grid = {state: "drawing", by: "webui", done: 18, total: 24, seconds_left: 40, sentence: ""};
    assert.strictEqual(lb.gridWords(grid), "18 of 24 pictures drawn by this WebUI, 40 s left; you can leave.");
    assert.strictEqual(lb.gridWords({...grid, done: 1, seconds_left: null}), "1 of 24 pictures drawn by this WebUI; you can leave.");
    assert.strictEqual(lb.gridWords({...grid, by: "embedded", seconds_left: 400}), "18 of 24 pictures drawn, 7 min left; you can leave.");
});

test("the WebUI's lists are refreshed only when it is idle", async () => {
    const busy = [true, true, false];
    const asked = [];
    const server = {get: async (path) => { asked.push(path); return {host_busy: busy.shift()}; }};
    await lb.untilIdle(server, 1);
    assert.deepStrictEqual([asked, busy], [["status", "status", "status"], []]);
});

const app = /** @type {any} */ ({server: {get: async () => ({host_busy: false, loras: [{stem: "Ada"}]})}});

/** Does something with buttons of a host that writes their clicks into `clicked`. */
async function withButtons(clicked, parts, deed) {
    const usual = {cardButtons: lb.cardButtons, isDrawing: lb.isDrawing, hasCard: lb.hasCard};
    const buttons = () => ["txt2img", "img2img"].map((tab) => ({id: tab, dispatchEvent: () => clicked.push(tab)}));
    Object.assign(lb, {cardButtons: buttons}, parts);
    await deed();
    Object.assign(lb, usual);
}

test("new LoRAs come to the cards of both tabs, also those that come meanwhile", async () => {
    const clicked = [];
    await withButtons(clicked, {isDrawing: () => false, hasCard: () => true}, async () => {
        const first = lb.refreshCards(app, 1);
        while (!clicked.length) await new Promise((resolve) => { setImmediate(resolve); });
        await Promise.all([first, lb.refreshCards(app, 1)]);
    });
    assert.deepStrictEqual(clicked, ["txt2img", "img2img", "txt2img", "img2img"]);
});

test("the cards of one tab are there before those of the other are asked for", async () => {
    const seen = [];
    let looks = 0;
    const isDrawing = (button) => { seen.push("look at " + button.id); return (looks += 1) < 3; };
    await withButtons(seen, {isDrawing: isDrawing, hasCard: () => true}, () => lb.refreshCards(app, 1));
    assert.deepStrictEqual(seen, ["txt2img", "look at txt2img", "look at txt2img", "look at txt2img", "img2img", "look at img2img"]);
});

test("a new LoRA that has no card yet is looked for once more", async () => {
    const clicked = [];
    const hasCard = (button, stem) => { assert.strictEqual(stem, "Ada"); return clicked.length > 1; };
    await withButtons(clicked, {isDrawing: () => false, hasCard: hasCard}, () => lb.refreshCards(app, 1));
    assert.deepStrictEqual(clicked, ["txt2img", "txt2img", "img2img"]);
});

test("a training that left the view while it ran may have ended", () => {
    const ran = {id: 1, kind: "train", status: "running"};
    assert.ok(lb.isLost(ran, {id: 2, kind: "train", status: "running"}) && lb.isLost(ran, null));
    assert.ok(!lb.isLost(ran, {...ran, status: "succeeded"}) && !lb.isLost({...ran, status: "failed"}, null) && !lb.isLost(null, ran));
});
