// The one object that the page's scripts share: each script adds its part, and none may add or use a
// name that isn't here. Only the checker reads this; the page never loads it.

/** What the page knows: the newest answer to each question, null before the first. */
interface LoraBridgeState {
    status: Rest.Status | null;
    draft: Rest.Draft | null;
    plan: Rest.Plan | null;
    host: Rest.Host | null;
    engine: Rest.Engine | null;
    bases: Rest.Bases | null;
    presets: Rest.Presets | null;
    jobs: Rest.Jobs | null;
    loras?: Rest.Loras | null;
    options?: Rest.Options | null;
}

interface LoraBridgeApp {
    state: LoraBridgeState;
    [part: string]: any;
}

interface LoraBridge {
    /** The page, as soon as it is drawn. */
    app: LoraBridgeApp;

    // lora_bridge.js
    App: new (...parts: any[]) => any;
    // lora_bridge_advanced.js
    mainOptions: () => any;
    Advanced: new (...parts: any[]) => any;
    OptionRow: new (...parts: any[]) => any;
    optionHelp: (option: Rest.Option) => any;
    valueForInput: (value: any) => any;
    // lora_bridge_after.js
    AfterTraining: new (...parts: any[]) => any;
    CardEditor: new (...parts: any[]) => any;
    ForgetPhotos: new (...parts: any[]) => any;
    // lora_bridge_alert.js
    Alert: new (...parts: any[]) => any;
    // lora_bridge_apart.js
    apart: (deeds: Array<() => unknown>) => void;
    // lora_bridge_base.js
    BaseChooser: new (...parts: any[]) => any;
    // lora_bridge_caption_bulk.js
    CaptionBulk: new (...parts: any[]) => any;
    alikeCaptions: (photos: Rest.Photo[]) => any;
    // lora_bridge_caption_tags.js
    CaptionTags: new (...parts: any[]) => any;
    CaptionPreview: new (...parts: any[]) => any;
    // lora_bridge_captioners.js
    Captioners: new (...parts: any[]) => any;
    // lora_bridge_captions.js
    Captions: new (...parts: any[]) => any;
    CaptionPhoto: new (...parts: any[]) => any;
    authorRemarks: (photo: Rest.Photo) => any;
    // lora_bridge_choice.js
    pairOf: (result: any, grid: any) => any;
    Pair: new (...parts: any[]) => any;
    StepChoice: new (...parts: any[]) => any;
    // lora_bridge_compare.js
    CompareRuns: new (...parts: any[]) => any;
    runName: (job: any) => any;
    compareLines: (jobs: any) => any;
    CompareChart: new (...parts: any[]) => any;
    CompareSamples: new (...parts: any[]) => any;
    plainValue: (value: any) => any;
    // lora_bridge_curve.js
    Curve: new (...parts: any[]) => any;
    curveScale: (points: any, saves: any, total: any, width: any, height: any, log: any) => any;
    // lora_bridge_dom.js
    newId: () => any;
    el: (tag: any, attributes: any, ...children: any[]) => any;
    svg: (tag: any, attributes: any, ...children: any[]) => any;
    setText: (node: any, text: any) => any;
    setAttribute: (node: any, name: any, value: any) => any;
    setClass: (node: any, name: any, on: any) => any;
    show: (node: any, visible: any) => any;
    setValue: (input: any, value: any) => any;
    button: (text: any, onclick: any, kind: any) => any;
    field: (label: any, input: any, wide: any) => any;
    setChoices: (select: any, choices: any, value: any) => any;
    fillList: (list: any, items: any, key: any, draw: any) => any;
    sentences: (list: any, sentences: any) => any;
    part: (name: any, title: any, opened: any) => any;
    remember: (name: any, value: any) => any;
    remembered: (name: any) => any;
    // lora_bridge_evidence.js
    LikenessLine: new (...parts: any[]) => any;
    likenessParts: (found: any) => any;
    HeldOutWork: new (...parts: any[]) => any;
    queueWork: (app: LoraBridgeApp, button: any, path: any, body: any) => any;
    followNew: (app: LoraBridgeApp, answer: any) => any;
    // lora_bridge_frame.js
    fitted: (picture: any, box: any) => any;
    moved: (frame: any, by: any) => any;
    movedBox: (frame: any, move: any) => any;
    bucketText: (buckets: any) => any;
    Frames: new (...parts: any[]) => any;
    Frame: new (...parts: any[]) => any;
    // lora_bridge_grid.js
    JudgeGrid: new (...parts: any[]) => any;
    standingWords: (one: any) => any;
    BlindVote: new (...parts: any[]) => any;
    // lora_bridge_held_out.js
    HoldOut: new (...parts: any[]) => any;
    Videos: new (...parts: any[]) => any;
    moviesOfPhotos: (files: Array<{name: string}>) => any[];
    isVideo: (...parts: any[]) => any;
    isVideoPath: (...parts: any[]) => any;
    framesOf: (...parts: any[]) => any;
    // lora_bridge_repeats.js
    PhotoRepeats: new (...parts: any[]) => any;
    repeatsOf: (...parts: any[]) => any;
    Fixes: new (...parts: any[]) => any;
    SetFixes: new (...parts: any[]) => any;
    fix: (...parts: any[]) => any;
    worseOnes: (...parts: any[]) => any;
    HeldOutLine: new (...parts: any[]) => any;
    // lora_bridge_mask.js
    brushSize: (size: number, larger: boolean) => number;
    usualBrush: (size: {width: number; height: number}) => number;
    maskSize: (photo: Rest.Photo) => {width: number, height: number};
    Strokes: new (...parts: any[]) => any;
    MaskDrawing: new (...parts: any[]) => any;
    // lora_bridge_masks.js
    Masks: new (...parts: any[]) => any;
    maskSeen: (photo: Rest.Photo) => string;
    maskText: (mask: string) => string;
    // lora_bridge_history.js
    History: new (...parts: any[]) => any;
    historyChoices: () => any;
    jobButtons: (app: LoraBridgeApp, job: any) => any;
    exportMenu: (app: LoraBridgeApp, job: any) => any;
    download: (blob: any, name: any) => any;
    doWithJob: (app: LoraBridgeApp, job: any, action: any, button: any) => any;
    // lora_bridge_import.js
    isConfig: (file: any) => any;
    frontOf: (file: any) => Promise<any>;
    byReason: (rows: any) => any;
    Import: new (...parts: any[]) => any;
    keyValue: (value: any) => any;
    acceptFiles: (node: any, take: any) => any;
    // lora_bridge_keeping.js
    Keeping: new (...parts: any[]) => any;
    // lora_bridge_later.js
    nextTime: (clock: any, now: any) => any;
    StartLater: new (...parts: any[]) => any;
    // lora_bridge_lora_tools.js
    folderOf: (path: any, name: any) => any;
    loraWork: (action: any, file: any, said: any) => any;
    LoraTools: new (...parts: any[]) => any;
    loraActions: () => any;
    verifiedParts: (found: any) => any;
    // lora_bridge_notify.js
    mayNotify: () => any;
    askToNotify: () => any;
    notify: (title: any, text: any) => any;
    // lora_bridge_photos.js
    Photos: new (...parts: any[]) => any;
    toBeLeftOut: (file: any) => any;
    picture: () => any;
    droppedFiles: (transfer: any) => Promise<any>;
    // lora_bridge_places.js
    fieldsOf: (app: LoraBridgeApp) => any;
    goTo: (app: LoraBridgeApp, where: any) => Promise<any>;
    showProblems: (app: LoraBridgeApp, list: any, problems: any) => any;
    // lora_bridge_plot.js
    SendPlot: new (...parts: any[]) => any;
    unpublishedSteps: (result: any, files: any) => any;
    stepStems: (result: any, files: any) => any;
    plotAxes: (result: any, stems: any, weights: any) => any;
    plotText: (result: any, axes: any) => any;
    // lora_bridge_preset.js
    PresetChoice: new (...parts: any[]) => any;
    subjectOf: (preset: Rest.Preset) => any;
    bestFor: (presets: Rest.Preset[], gigabytes: any) => any;
    About: new (...parts: any[]) => any;
    presetFacts: (preset: Rest.Preset) => any;
    // lora_bridge_publishing.js
    PrivateTick: new (...parts: any[]) => any;
    PublishedStep: new (...parts: any[]) => any;
    // lora_bridge_rates.js
    learningRate: (params: any) => any;
    curveCsv: (points: any, best: any, rate: any) => any;
    save: (name: any, data: any, type: any) => any;
    // lora_bridge_regularization.js
    Regularization: new (...parts: any[]) => any;
    classText: (one: any) => any;
    // lora_bridge_samples.js
    stripHeads: (steps: any, running: any) => any;
    SampleStrip: new (...parts: any[]) => any;
    PromptEditor: new (...parts: any[]) => any;
    // lora_bridge_server.js
    ServerError: new (...parts: any[]) => any;
    Server: new (...parts: any[]) => any;
    Saver: new (...parts: any[]) => any;
    // lora_bridge_setup.js
    Setup: new (...parts: any[]) => any;
    withoutCommand: (sentence: any) => any;
    showLog: (app: LoraBridgeApp, box: any, job: any, lines: any) => Promise<any>;
    // lora_bridge_start.js
    host: () => any;
    mount: () => any;
    // lora_bridge_state.js
    noProgress: () => any;
    foldStatus: (known: any, answer: any) => any;
    foldCurve: (known: any, more: any) => any;
    smooth: (curve: any, strength?: any) => any;
    thin: (curve: any, most: any) => any;
    pollDelay: (busy: any, failures: any, drafting: any) => any;
    isActive: (job: any) => any;
    isOver: (job: any) => any;
    stripView: (status: any, now: any, inWebui: any) => any;
    pausedView: (status: any, now: any, inWebui: any) => any;
    laterView: (status: any) => any;
    jobActions: (job: any) => any;
    captionRemarks: (caption: any, name: any, tokens: any) => any;
    tokenRemark: (tokens: any) => any;
    facetText: (facet: Rest.Facet) => any;
    tileText: (photo: Rest.Photo) => any;
    mergeDraft: (known: any, answer: any) => any;
    byName: (one: any, other: any) => any;
    together: (files: any) => any;
    batches: (files: any, mostBytes: any, mostFiles: any) => any;
    bareTitle: (title: any) => any;
    errorSentences: (error: any) => any;
    problemParts: (sentence: any) => any;
    saidOnce: (sentences: any, before: any) => any;
    problemSentence: (problem: any) => any;
    // lora_bridge_strip.js
    statusWord: (status: any) => any;
    StopButtons: new (...parts: any[]) => any;
    Strip: new (...parts: any[]) => any;
    // lora_bridge_subjects.js
    Subjects: new (...parts: any[]) => any;
    subjectText: (one: any, count: number) => any;
    nameOf: (draft: Rest.Draft, photo: Rest.Photo) => any;
    // lora_bridge_train.js
    Train: new (...parts: any[]) => any;
    curveWords: (curve: any) => any;
    seenOf: (draft: Rest.Draft) => any;
    toldOf: (told: any, status: any) => any;
    notesOf: (status: any) => any;
    showSamples: (app: LoraBridgeApp, box: any, samples: any) => any;
    // lora_bridge_try.js
    Try: new (...parts: any[]) => any;
    copy: (text: any) => Promise<any>;
    loadedCheckpoint: () => any;
    filePlace: (result: any) => any;
    resultFacts: (result: any) => any;
    refreshCards: (app: LoraBridgeApp) => Promise<void>;
    refreshing?: boolean;
    chosenOf: (select: any, choices: any) => string;
    stopWords: (kind: string) => string;
    untilIdle: (server: any, wait: number) => Promise<void>;
    resultCosts: (facts: any, healed: any) => any;
    // lora_bridge_waiting.js
    waitingText: (status: any) => any;
    Waiting: new (...parts: any[]) => any;
    watchGenerate: () => any;
    // lora_bridge_windowed.js
    Windowed: new (...parts: any[]) => any;
    // lora_bridge_windows.js
    partsNow: (draft: Rest.Draft, part: any) => any;
    changedFields: (before: any, after: any) => any;
    Windows: new (...parts: any[]) => any;
    // lora_bridge_words.js
    dictionary: () => any;
    language: () => any;
    t: (text: any, values: any) => any;
    learn: (answer: any) => any;
    messageOf: (text: any) => any;
    message: (message: any) => any;
    sentence: (text: any) => any;
    duration: (seconds: any) => any;
    about: (seconds: any) => any;
    speed: (rate: any) => any;
    gigabytes: (bytes: any) => any;
    loss: (value: any) => any;
    when: (seconds: any) => any;
    value: (value: any) => any;
    number: (value: any) => any;
    shortened: (text: any, most: any) => any;
    countWords: (text: any) => any;
    beginsWith: (caption: any, name: any) => any;
    partsOf: (text: any) => any;
    codeOf: (text: any) => any;
    withoutFile: (sentence: any) => any;
}

declare var loraBridge: LoraBridge;
