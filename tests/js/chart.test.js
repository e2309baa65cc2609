"use strict";
/* The chart's pure parts: learning rates, CSV, scale; and what step 4 makes of answers. */
const assert = require("node:assert/strict");
const test = require("node:test");
const {lb} = require("./load.js");

const near = (one, other) => assert.ok(Math.abs(one - other) < 1e-9, one + " is not " + other);
const SAVES = [{step: 10, held_out: 0.2, error: 0.01, training: 0.19}, {step: 20, held_out: 0.1, error: 0.02, training: null}];

test("learning rates follow the schedule, after their warm-up", () => {
    const params = {lr_scheduler: "cosine", learning_rate: 1e-4, unet_lr: 2e-4, lr_warmup_steps: 10, max_train_steps: 110};
    const cosine = lb.learningRate(params);
    near(cosine(5), 1e-4);
    near(cosine(10), 2e-4);
    near(cosine(60), 1e-4);
    near(cosine(110), 0);
    near(lb.learningRate({...params, lr_scheduler: "linear", unet_lr: null})(60), 0.5e-4);
    near(lb.learningRate({...params, lr_scheduler: "constant", lr_warmup_steps: 0})(110), 2e-4);
    assert.equal(lb.learningRate({...params, lr_scheduler: "inverse_sqrt"}), null);
    assert.equal(lb.learningRate({...params, optimizer_type: "Prodigy"}), null, "it finds its own");
});

test("the CSV holds what is known of each step", () => {
    const csv = lb.curveCsv([[10, 0.5, 1], [15, 0.4, 1]], {curve: SAVES}, (step) => step / 100);
    assert.equal(csv, "step,loss,held_out,error,training,learning_rate\n10,0.5,0.2,0.01,0.19,0.1\n15,0.4,,,,0.15\n20,,0.1,0.02,,0.2\n");
});

test("the scale holds the errors of the saves, and finds the step under the pointer", () => {
    const scale = lb.curveScale([[1, 0.15], [20, 0.12]], SAVES, 40, 400, 190);
    assert.ok(scale.low <= 0.08 && scale.high >= 0.21);
    near(scale.step(scale.x(30)), 30);
    const log = lb.curveScale([], SAVES, 40, 400, 190, true);
    assert.ok(log.y(0.2) < log.y(0.1) && log.low > 0);
});

test("names stand behind the ends of their lines, else above and below, and never on one another", () => {
    const end = (x, y) => ({x: x, y: y, wide: 80});
    const places = (...ends) => lb.namePlaces(ends, 400, 18, 168).map((one) => ({...one}));
    assert.deepEqual(places(end(200, 60), end(200, 120)), [{x: 208, y: 64, anchor: "start"}, {x: 208, y: 124, anchor: "start"}]);
    assert.deepEqual(places(end(390, 60), end(390, 120)), [{x: 400, y: 52, anchor: "end"}, {x: 400, y: 136, anchor: "end"}]);
    for (const [one, other] of [[60, 62], [18, 18], [168, 167], [20, 165]]) {
        for (const x of [200, 390]) {
            const [first, second] = places(end(x, one), end(x, other));
            assert.ok(Math.abs(first.y - second.y) >= 14, one + " and " + other + " at " + x);
            assert.ok([first, second].every((place) => place.y >= 26 && place.y <= 168));
        }
    }
});

test("a loss beyond the chart is a gap, not a line along its edge", () => {
    const scale = lb.curveScale([[1, 9], [20, 0.12], [30, 0.13]], SAVES, 40, 400, 190);
    const drawn = (gaps) => lb.linePath([[1, 9], [20, 0.12], [30, 0.13], [31, 9]], scale, gaps).match(/[ML]/g).join("");
    assert.deepEqual([drawn(true), drawn(false)], ["ML", "MLLL"]);
});

test("smoothing reaches from none to much", () => {
    const wild = [...Array(200).keys()].map((at) => [at, at % 2]);
    const spread = (points) => Math.max(...points.slice(100).map((point) => point[1])) - Math.min(...points.slice(100).map((point) => point[1]));
    assert.equal(spread(lb.smooth(wild, 0)), 1);
    assert.ok(spread(lb.smooth(wild, 1)) < spread(lb.smooth(wild)));
});

test("heads of the strip", () => {
    assert.deepEqual([...lb.stripHeads([0, 150, 300], true)], ["before", "150", "300 now"]);
    assert.deepEqual([...lb.stripHeads([0, 300], false)], ["before", "300"]);
});

test("the pair is the grid's, else the first prompt's samples before and last", () => {
    const strip = {steps: [0, 10], prompts: ["a", "b"], others: [0], pictures: [["x", "y"], ["before", "last"]]};
    assert.deepEqual({...lb.pairOf({strip: strip}, null)}, {without: "before", with: "last"});
    const grid = {pictures: [{picture: "g0"}, {picture: "g1"}]};
    assert.deepEqual({...lb.pairOf({strip: strip}, grid)}, {without: "g0", with: "g1"});
    assert.equal(lb.pairOf({strip: {...strip, steps: [10, 20]}}, {pictures: [{picture: "g0"}, {picture: null}]}), null);
});

test("X/Y/Z plot filled in with the saved steps that the WebUI finds", () => {
    const result = {job: 1, stem: "Ada", saves: [10, 20, 30], published_step: 30, infotext: "Ada <lora:Ada:1>\nSteps: 60", infotext_512: "Ada <lora:Ada:1>\nSteps: 60, Size: 512x512, Denoising strength: 0.6, Hires upscale: 2"};
    const files = [{stem: "Ada-step20-2", job: 1, step: 20}, {stem: "Ada-step10", job: 1, step: 10}, {stem: "Ada", job: 1, step: null}, {stem: "Ada-step20", job: 2, step: 20}];
    assert.deepEqual([...lb.unpublishedSteps(result, files)], []);
    assert.deepEqual([...lb.unpublishedSteps(result, files.slice(1))], [20]);
    assert.deepEqual([...lb.unpublishedSteps({...result, published_step: 20}, files)], [30]);
    const stems = [10, 20, 30, NaN].map((step) => lb.withStem("<lora:Ada:1>", result, lb.stepStem(result, files, step)));
    assert.deepEqual(stems, ["<lora:Ada-step10:1>", "<lora:Ada-step20-2:1>", "<lora:Ada:1>", "<lora:Ada:1>"], "the prompt follows the step, where that is published");
    const text = lb.plotText(result, lb.plotAxes(result, [...lb.stepStems(result, files)], [0.6, 1]));
    assert.equal(text, 'Ada <lora:Ada:1>\nSteps: 60, Size: 512x512, Script: X/Y/Z plot, X Type: Prompt S/R, X Values: ":1>, :0.6>", Y Type: Prompt S/R, Y Values: "<lora:Ada:, <lora:Ada-step10:, <lora:Ada-step20-2:"');
});
