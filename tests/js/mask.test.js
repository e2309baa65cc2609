"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb} = require("./load.js");

test("a mask has the shape of the photo as it is turned", () => {
    assert.deepStrictEqual(lb.maskSize({width: 2000, height: 1000, turn: 0}), {width: 1024, height: 512});
    assert.deepStrictEqual(lb.maskSize({width: 2000, height: 1000, turn: 3}), {width: 512, height: 1024});
    assert.deepStrictEqual(lb.maskSize({width: 300, height: 200, turn: 2}), {width: 300, height: 200});
});

test("the brush grows and shrinks within bounds", () => {
    assert.ok(lb.brushSize(56, true) > 56 && lb.brushSize(56, false) < 56);
    assert.strictEqual(lb.brushSize(400, true), 400);
    assert.strictEqual(lb.brushSize(8, false), 8);
});

test("the brush begins as a part of the photo", () => {
    assert.strictEqual(lb.usualBrush({width: 900, height: 600}), 82);
    assert.strictEqual(lb.usualBrush({width: 1024, height: 102}), 36, "it fits a very wide photo");
    assert.strictEqual(lb.usualBrush({width: 20, height: 30}), 8);
});

test("strokes are undone and done again, until another is painted", () => {
    const strokes = new lb.Strokes();
    strokes.add("nothing");
    strokes.add("one");
    assert.strictEqual(strokes.back("two"), "one");
    assert.strictEqual(strokes.back("one"), "nothing");
    assert.strictEqual(strokes.back("nothing"), undefined);
    assert.strictEqual(strokes.again("nothing"), "one");
    strokes.add("one");
    assert.strictEqual(strokes.again("another"), undefined);
});
