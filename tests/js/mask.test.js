"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb} = require("./load.js");

test("a mask has the shape of the photo as it is turned", () => {
    assert.deepStrictEqual(lb.maskSize({width: 2000, height: 1000, turn: 0}), {width: 512, height: 256});
    assert.deepStrictEqual(lb.maskSize({width: 2000, height: 1000, turn: 3}), {width: 256, height: 512});
    assert.deepStrictEqual(lb.maskSize({width: 300, height: 200, turn: 2}), {width: 300, height: 200});
});

test("the brush grows and shrinks within bounds", () => {
    assert.ok(lb.brushSize(56, true) > 56 && lb.brushSize(56, false) < 56);
    assert.strictEqual(lb.brushSize(200, true), 200);
    assert.strictEqual(lb.brushSize(8, false), 8);
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
