"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {lb} = require("./load.js");

const running = (values) => ({id: 4, kind: "train", title: "Ana", status: "running", step: 620, total: 1500, rate: 1.9, left: 463, loss: 0.083, ...values});
const answer = (values) => ({boot: "a", seq: 10, running: null, waiting: 0, job: running(), curve: [], phase: "", notes: [], samples: [], ...values});

test("answers of one job add up to its curve", () => {
    let known = lb.foldStatus(lb.noProgress(), answer({curve: [[1, 0.5, 1], [2, 0.4, 1]]}));
    known = lb.foldStatus(known, answer({seq: 12, curve: [[3, 0.3, 1]]}));
    assert.deepStrictEqual(known, {job: 4, boot: "a", since: 12, curve: [[1, 0.5, 1], [2, 0.4, 1], [3, 0.3, 1]], again: false});
});

test("another job, another process and a shorter history ask for the whole story", () => {
    const known = lb.foldStatus(lb.noProgress(), answer({curve: [[1, 0.5, 1]]}));
    for (const other of [answer({job: running({id: 5})}), answer({boot: "b"}), answer({seq: 3}), answer({job: null, seq: 0})]) {
        const next = lb.foldStatus(known, other);
        assert.ok(next.again);
        assert.strictEqual(next.since, 0);
        const whole = lb.foldStatus(next, {...other, curve: [[1, 0.9, 1]]});
        assert.ok(!whole.again);
        assert.deepStrictEqual(whole.curve, [[1, 0.9, 1]]);
    }
});

test("a later attempt replaces what an earlier one had from that step on", () => {
    const curve = lb.foldCurve([[1, 0.5, 1], [2, 0.4, 1], [3, 0.3, 1]], [[2, 0.45, 2], [3, NaN, 2], [4, 0.2, 2]]);
    assert.deepStrictEqual(curve, [[1, 0.5, 1], [2, 0.45, 2], [4, 0.2, 2]]);
});

test("a smoothed curve stays within its values and follows them", () => {
    const curve = Array.from({length: 400}, (_, step) => [step, 1 - step / 500 + (step % 2 ? 0.1 : -0.1), 1]);
    const smooth = lb.smooth(curve);
    assert.strictEqual(smooth.length, 400);
    assert.ok(smooth[399][1] < 0.4 && smooth[399][1] > 0.1);
    assert.ok(Math.abs(smooth[399][1] - smooth[398][1]) < 0.01);
});

test("thinning keeps the extremes, the order and the number of points small", () => {
    const curve = Array.from({length: 5000}, (_, step) => [step, step === 2345 ? 9 : 0.1, 1]);
    const thin = lb.thin(curve, 300);
    assert.ok(thin.length <= 302);
    assert.ok(thin.some((point) => point[1] === 9));
    assert.deepStrictEqual(thin.map((point) => point[0]), thin.map((point) => point[0]).sort((a, b) => a - b));
    assert.strictEqual(lb.thin(curve.slice(0, 10), 300).length, 10);
});

test("a curve's scale stays inside the drawing, also for equal values and wild ones", () => {
    for (const points of [[[0, 1, 1], [10, 1, 1]], [[0, 0, 1], [5, 0, 1]], [[0, 1, 1], [1, 1e9, 1], [2, 0.5, 1]]]) {
        const scale = lb.curveScale(points, [], 20, 400, 150);
        for (const [step, loss] of points) {
            assert.ok(scale.x(step) >= 0 && scale.x(step) <= 400);
            assert.ok(scale.y(loss) >= 0 && scale.y(loss) <= 150);
        }
    }
});

test("the rhythm: a second while busy, ten when idle, slower with each failure and never beyond thirty", () => {
    assert.strictEqual(lb.pollDelay(true, 0), 1000);
    assert.strictEqual(lb.pollDelay(false, 0), 10000);
    assert.deepStrictEqual([1, 2, 3, 4, 5, 50].map((failures) => lb.pollDelay(true, failures)), [2000, 4000, 8000, 16000, 30000, 30000]);
});

test("the strip shows a running job whole, and how a job ended for a while", () => {
    const view = lb.stripView(answer({running: running(), waiting: 1}), 1000);
    assert.deepStrictEqual([view.title, view.step, view.total, view.rate, view.left, view.loss, view.waiting], ["Ana", 620, 1500, "1.9 it/s", "7 min 43 s", "0.083", 1]);
    assert.ok(Math.abs(view.part - 620 / 1500) < 1e-9);
    const loading = lb.stripView(answer({running: running({step: 0, rate: null, left: null}), phase: "loading the base model"}), 1000);
    assert.deepStrictEqual([loading.part, loading.phase, loading.rate, loading.left], [null, "loading the base model", "", ""]);
    assert.strictEqual(view.silent, "");
    assert.strictEqual(lb.stripView(answer({running: running({silent: 720})}), 1000).silent, "12 min");
    const done = running({status: "succeeded", finished: 900, sentence: "Done."});
    assert.strictEqual(lb.stripView(answer({job: done}), 1000).sentence, "Done.");
    assert.strictEqual(lb.stripView(answer({job: done}), 9000), null);
    const setup = running({kind: "setup", status: "failed", finished: 900, sentence: "No network."});
    assert.strictEqual(lb.stripView(answer({job: setup}), 1000), null, "a set-up's end stands in its own box");
    assert.strictEqual(lb.stripView(answer({running: running({kind: "setup"})}), 1000).active, true);
    assert.strictEqual(lb.stripView(answer({job: null}), 1000), null);
    assert.strictEqual(lb.stripView(null, 1000), null);
});

test("a paused training says so, and when it goes on", () => {
    const job = running({id: 7, status: "queued", step: 300});
    const view = lb.stripView({...answer({job: job, waiting: 2}), running: null, paused: {job: job, until: 1040}}, 1000);
    assert.deepStrictEqual([view.id, view.paused, view.active, view.waiting], [7, true, false, 1]);
    assert.match(view.sentence, /^Paused at step 300\. It goes on by itself in 40 s/);
    const other = running({id: 8});
    assert.strictEqual(lb.stripView({...answer({running: other, waiting: 1}), paused: {job: job, until: 1040}}, 1000).id, 8);
});

test("a training that starts later says when", () => {
    const job = running({id: 7, status: "queued", begins: 5000});
    const view = lb.stripView({...answer({job: job, waiting: 1, phase: "Starts at 23:00."}), running: null}, 1000);
    assert.deepStrictEqual([view.id, view.later, view.active, view.waiting, view.sentence], [7, true, false, 0, "Starts at 23:00."]);
    assert.deepStrictEqual(lb.jobActions(job), ["show", "begin", "leave"]);
});

test("each state of a job offers what can be done with it", () => {
    const actions = (status, kind) => lb.jobActions({status: status, kind: kind || "train"});
    assert.deepStrictEqual(actions("running"), ["show", "stop"]);
    assert.deepStrictEqual(actions("stopping"), ["show"]);
    assert.deepStrictEqual(actions("queued"), ["show", "leave"]);
    assert.deepStrictEqual(actions("succeeded"), ["show", "repeat", "report", "export", "remove"]);
    assert.ok(lb.jobActions({status: "stopped", kind: "train", saved: 10}).includes("publish"));
    for (const status of ["failed", "stopped", "lost"]) assert.deepStrictEqual(actions(status), ["show", "resume", "retry", "repeat", "report", "export", "remove"]);
    assert.deepStrictEqual(lb.jobActions({status: "failed", kind: "train", forgotten: true, saved: 10}), ["show", "publish", "report", "export", "remove"]);
    assert.deepStrictEqual(actions("failed", "setup"), ["show", "retry", "report", "remove"]);
});

test("remarks on a caption", () => {
    const texts = (caption, tokens) => lb.captionRemarks(caption, "Ana", tokens).map((remark) => remark.text);
    assert.deepStrictEqual(texts("Ana woman, smiling", 6), ["begins with the name", "3 words", "(25 to 75 advised)", "6 of 75 tokens"]);
    assert.deepStrictEqual(texts("a woman " + "word ".repeat(40), 88), ["doesn't begin with the name", "42 words", "88 of 75 tokens: the limit is raised to 150 automatically"]);
    assert.strictEqual(lb.tokenRemark(300).kind, "bad");
    assert.deepStrictEqual(lb.captionRemarks("", "", null).map((remark) => remark.text), ["0 words", "(25 to 75 advised)"]);
});

test("photos are sent in groups: big ones alone, small ones together, captions with their photos", () => {
    const file = (size, number) => ({size: size, name: number + ".jpg"});
    const sizes = (files) => lb.batches(files, 100, 3).map((group) => group.map((one) => one.size));
    assert.deepStrictEqual(sizes([10, 20, 30, 40].map(file)), [[10, 20, 30], [40]]);
    assert.deepStrictEqual(sizes([90, 20, 500, 5].map(file)), [[90], [20], [500], [5]]);
    assert.deepStrictEqual(sizes([]), []);
    const named = ["a.jpg", "b.jpg", "c.png", "c.txt", "a.txt"].map((name) => ({name: name, size: 1}));
    assert.deepStrictEqual(lb.batches(named, 100, 3).map((group) => group.map((one) => one.name)), [["a.jpg", "a.txt", "b.jpg"], ["c.png", "c.txt"]]);
});

test("what changed in the draft is merged into what is known", () => {
    const photo = (id, text) => ({id: id, caption: text});
    const whole = lb.mergeDraft(null, {revision: 5, since: 0, ids: [1, 2], photos: [photo(1, "a"), {...photo(2, "b"), file: "2.jpg"}], name: "Ada"});
    const captions = (draft) => draft.photos.map((one) => one.caption).join("");
    assert.deepStrictEqual([captions(whole), whole.revision], ["ab", 5]);
    const changed = lb.mergeDraft(whole, {revision: 7, since: 5, ids: null, photos: [{...photo(2, "c"), file: "2.jpg"}], name: "Eva"});
    assert.deepStrictEqual([captions(changed), changed.revision, changed.name], ["ac", 7, "Eva"]);
    const gone = lb.mergeDraft(changed, {revision: 8, since: 7, ids: [2, 3], photos: [photo(3, "d")]});
    assert.deepStrictEqual([captions(gone), gone.revision], ["cd", 8]);
    const said = lb.mergeDraft(gone, {revision: 9, since: 8, ids: null, photos: [], captions: [photo(2, "e"), photo(9, "f")]});
    assert.deepStrictEqual([captions(said), said.revision, said.photos[0].file], ["ed", 9, "2.jpg"], "a caption alone; the rest of its photo stays");
    const same = lb.mergeDraft(gone, {revision: 8, since: 8, ids: null, photos: []});
    assert.strictEqual(same.photos, gone.photos, "a list that is the same isn't drawn again");
});

test("a late answer about the draft changes nothing, and a gap is asked for again", () => {
    const known = {revision: 5, photos: [{id: 1, caption: "new"}]};
    assert.strictEqual(lb.mergeDraft(known, {revision: 4, since: 3, ids: null, photos: [{id: 1, caption: "old"}]}), known);
    const gap = lb.mergeDraft(known, {revision: 9, since: 8, ids: null, photos: [{id: 1, caption: "newer"}]});
    assert.deepStrictEqual([gap.photos[0].caption, gap.revision], ["newer", 5]);
    const unknown = lb.mergeDraft(known, {revision: 6, since: 5, ids: [1, 2], photos: []});
    assert.strictEqual(unknown.revision, 5, "photo 2 was never sent");
    const page = lb.mergeDraft(null, {revision: 6, since: 0, ids: [1, 2], photos: [{id: 1}], more: true});
    assert.deepStrictEqual([page.photos.length, page.revision], [1, 0]);
});

test("errors become sentences", () => {
    assert.deepStrictEqual(lb.errorSentences({sentences: ["One.", "Two."]}), ["One.", "Two."]);
    assert.deepStrictEqual(lb.errorSentences({problems: [{where: "steps", text: "steps: 0 is too few. Write 1 or more."}]}), ["steps: 0 is too few. Write 1 or more."]);
    assert.deepStrictEqual(lb.errorSentences(null), []);
});

test("titles of models compare without their hash", () => {
    assert.strictEqual(lb.bareTitle("v1-5.safetensors [6ce0161689]"), "v1-5.safetensors");
    assert.strictEqual(lb.bareTitle("a [b].safetensors"), "a [b].safetensors");
});

test("a published file's name and folder are told from its path, on either system", () => {
    assert.deepStrictEqual(lb.filePlace({file: "/w/models/Lora/Ana.safetensors", stem: "Ana"}), {file: "Ana.safetensors", folder: "models/Lora"});
    assert.deepStrictEqual(lb.filePlace({file: "C:\\w\\models\\Lora\\Ana.safetensors", stem: "Ana"}), {file: "Ana.safetensors", folder: "models/Lora"});
});

test("a finished training says what it took and what was changed on the way", () => {
    const healed = "The GPU ran out of memory: gradient checkpointing is on now.";
    const facts = {seconds: 1020, peak_memory_bytes: 6.5 * 1024 ** 3};
    assert.deepStrictEqual(lb.resultCosts(facts, [healed]), ["It took 17 min 00 s and at most 6.5 GB of memory.", healed]);
    assert.deepStrictEqual(lb.resultCosts({}, []), [""]);
});

test("txt2img says why Generate waits, and only while it does", () => {
    const waits = (values, more) => lb.waitingText(answer({generate_waits: true, running: running(values), ...more}));
    assert.strictEqual(waits(), "A LoRA is training (step 620 of 1500): the picture waits for the GPU.");
    assert.match(waits({status: "stopping"}), /when it has saved/);
    assert.strictEqual(waits({}, {generate_waits: false}) + lb.waitingText(null) + waits({}, {running: null}), "");
});

test("a problem's field is known, and the rest of its sentence", () => {
    const problem = {code: "problem", values: {where: "name", what: {code: "plan.missing", text: "is missing", values: {}}, remedy: {code: "plan.missing.remedy", text: "Write one.", values: {}}}};
    lb.learn({messages: {"name: is missing. Write one.": problem}});
    assert.deepStrictEqual(lb.problemParts("name: is missing. Write one."), {where: "name", text: "is missing. Write one."});
    assert.deepStrictEqual(lb.problemParts("Something else."), {where: "", text: "Something else."});
});

test("what is said of other numbers is said once", () => {
    const files = (free) => "Files that will come: the LoRA of 1 MB; " + free + " are free.";
    assert.deepStrictEqual(lb.saidOnce([files("64.4 GB"), "Other."], [files("900 MB")]), ["Other."]);
    assert.deepStrictEqual(lb.saidOnce([files("1 GB"), files("2 GB")]), [files("1 GB")]);
});

test("notes of a start don't outlive it", () => {
    const told = {job: 4, notes: ["The model leaves."]};
    assert.deepStrictEqual(lb.toldOf(told, answer()), told.notes);
    assert.deepStrictEqual(lb.toldOf(told, answer({job: running({status: "succeeded"})})), []);
    assert.deepStrictEqual(lb.toldOf(told, answer({job: running({id: 5})})), []);
});

test("of presets in order of memory the largest that the GPU has room for", () => {
    const some = [{name: "6", gigabytes: 6}, {name: "12", gigabytes: 12}, {name: "24", gigabytes: 24}, {name: "any", gigabytes: null}];
    assert.deepStrictEqual([null, 4, 8, 12.4, 80].map((have) => lb.bestFor(some, have).name), ["any", "6", "6", "12", "24"]);
});

test("another window's changes are found by field", () => {
    const draft = (values) => ({name: "A", class_token: "", training: {steps: 1, values: {seed: 7}}, ...values});
    assert.deepStrictEqual(lb.changedFields(draft(), draft({name: "B", training: {steps: 2, values: {lr: 1}}})), ["name", "training.steps", "option.seed", "option.lr"]);
    assert.deepStrictEqual(lb.changedFields(draft(), draft()), []);
    assert.deepStrictEqual(lb.partsNow(draft(), {training: {values: {seed: 1, lr: 2}}}), {training: {values: {seed: 7, lr: null}}});
});

test("a number that is typed is kept within its limits", () => {
    assert.deepEqual(["12", "0", "", "-3", "x", "2.6", "5000000"].map(lb.repeatsOf), [12, null, null, null, null, 3, 1000000]);
    assert.deepEqual(["7", "", "x", "-3", "5000"].map(lb.framesOf), [7, 20, 20, 1, 1000], "as `frames --count` has it");
});

test("who draws the regularization pictures is said", () => {
    const one = {word: "man", drawn: 4, usable: 200, job: null, by: null, sentence: ""};
    assert.equal(lb.classText(one), "man: 4 drawn, up to 200 are of use");
    assert.match(lb.classText({...one, job: 7, by: "embedded"}), /drawing \(job 7\)$/);
    assert.match(lb.classText({...one, by: "webui"}), /drawn by this WebUI; you can leave$/);
    assert.match(lb.classText({...one, sentence: "No room."}), / · No room\.$/);
});

test("of a Live Photo's pair the movie is spared, and only that one", () => {
    const names = ["IMG_1.HEIC", "IMG_1.MOV", "img_2.jpg", "IMG_2.mov", "IMG_3.MOV", "IMG_4.png", "IMG_4.mov", "IMG_5.jpg", "IMG_5.mp4"];
    assert.deepEqual(lb.moviesOfPhotos(names.map((name) => ({name}))).map((file) => file.name), ["IMG_1.MOV", "IMG_2.mov"]);
});

test("whoever waits for what was typed waits for what is on its way, too", async () => {
    const done = [];
    let answer = (_draft) => {};
    const server = {post: () => new Promise((resolve) => { answer = resolve; })};
    const saver = new lb.Saver(server, () => done.push("saved"), () => done.push("failed"));
    saver.later("draft training", "draft", {training: {steps: 9}}, 10000);
    saver.flush("draft training");
    const start = saver.flush().then(() => done.push("started"));
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    assert.deepStrictEqual(done, []);
    answer({});
    await start;
    assert.deepStrictEqual(done, ["saved", "started"]);
});
