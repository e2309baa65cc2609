"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb} = require("./load.js");

const wide = {box: [0.1, 0, 0.8, 1], move: [0, 0], can_move: [true, false]};

test("a picture that is shown whole stands in the middle of its box", () => {
    assert.deepStrictEqual(lb.fitted({width: 200, height: 100}, {width: 100, height: 100}), {left: 0, top: 25, width: 100, height: 50});
    assert.deepStrictEqual(lb.fitted({width: 30, height: 60}, {width: 100, height: 120}), {left: 20, top: 0, width: 60, height: 120});
});

test("a frame is dragged as far as something is cut off, and no further", () => {
    const half = lb.moved(wide, [0.05, 0.3]);
    assert.ok(Math.abs(half[0] - 0.5) < 1e-9 && half[1] === 0);
    assert.deepStrictEqual(lb.moved(wide, [-7, 0]), [-1, 0]);
    assert.deepStrictEqual(lb.movedBox(wide, [-1, 0]), [0, 0, 0.8, 1]);
    assert.deepStrictEqual(lb.movedBox(wide, [0, 0]).map((share) => Math.round(share * 1000)), [100, 0, 800, 1000]);
});

test("a frame that shows all of a photo can't be moved", () => {
    assert.deepStrictEqual(lb.moved({box: [0, 0, 1, 1], move: [0, 0], can_move: [false, false]}, [0.5, 0.5]), [0, 0]);
});

test("the sizes are told with their photos", () => {
    assert.strictEqual(lb.bucketText([{width: 512, height: 512, photos: 6}, {width: 704, height: 512, photos: 2}]), "512 × 512: 6 · 704 × 512: 2");
});
