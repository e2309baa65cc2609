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

/** A sentence of the server's, with the code and the values that it is translated by. */
interface Message {
    code: string;
    text?: string;
    values?: Record<string, any>;
}

type Said = string | Message;

/** [step, loss, attempt] */
type CurvePoint = number[];

/** What is known of one job's progress; `again` asks for the whole story. */
interface Progress {
    job: number | null;
    boot: string | number | null;
    since: number;
    curve: CurvePoint[];
    again?: boolean;
}

/** What the strip on top shows of a job. */
interface StripView {
    title: string;
    active: boolean;
    waiting: number;
    sentence: string;
    [part: string]: any;
}

/** A few words on a caption; kind "good", "mind", "bad" or "". */
interface Remark {
    text: string;
    kind: string;
}

interface Named {
    name: string;
}

/** One line of a select. */
interface Choice {
    value: string | number;
    text: string;
    disabled?: boolean;
    title?: string;
}

interface LoraBridge {
    /** The page, as soon as it is drawn. */
    app: LoraBridgeApp;

    // lora_bridge.js
    App: new (...parts: any[]) => any;
    // lora_bridge_advanced.js
    mainOptions: () => [name: string, ...words: string[]][];
    Advanced: new (...parts: any[]) => any;
    OptionRow: new (...parts: any[]) => any;
    optionHelp: (option: Rest.Option) => string;
    valueForInput: (value: any) => string;
    // lora_bridge_after.js
    AfterTraining: new (...parts: any[]) => any;
    CardEditor: new (...parts: any[]) => any;
    ForgetPhotos: new (...parts: any[]) => any;
    // lora_bridge_alert.js
    Alert: new (...parts: any[]) => any;
    // lora_bridge_apart.js
    apart: (deeds: Array<() => unknown>) => void;
    breath: () => Promise<void>;
    // lora_bridge_base.js
    BaseChooser: new (...parts: any[]) => any;
    // lora_bridge_caption_bulk.js
    CaptionBulk: new (...parts: any[]) => any;
    alikeCaptions: (photos: Rest.Photo[]) => any;
    // lora_bridge_caption_chips.js
    CaptionChips: new (...parts: any[]) => any;
    // lora_bridge_caption_tags.js
    CaptionTags: new (...parts: any[]) => any;
    CaptionPreview: new (...parts: any[]) => any;
    // lora_bridge_captioners.js
    Captioners: new (...parts: any[]) => any;
    // lora_bridge_captions.js
    Captions: new (...parts: any[]) => any;
    CaptionPhoto: new (...parts: any[]) => any;
    authorRemarks: (photo: Rest.Photo) => Remark[];
    // lora_bridge_choice.js
    pairOf: (result: Rest.Result, grid: Rest.Grid | null) => any;
    Pair: new (...parts: any[]) => any;
    StepChoice: new (...parts: any[]) => any;
    // lora_bridge_compare.js
    CompareRuns: new (...parts: any[]) => any;
    runName: (job: any) => any;
    compareLines: (jobs: any) => any;
    CompareChart: new (...parts: any[]) => any;
    CompareSamples: new (...parts: any[]) => any;
    plainValue: (value: any) => string;
    // lora_bridge_curve.js
    Curve: new (...parts: any[]) => any;
    curveScale: (points: any, saves: any, total: any, width: any, height: any, log: any, right?: number) => any;
    linePath: (points: any, scale: any, hasGaps: boolean) => string;
    namePlaces: (ends: any, width: number, top: number, bottom: number) => any;
    gridWords: (grid: any) => string;
    // lora_bridge_dom.js
    newId: () => string;
    el: (tag: string, attributes?: Record<string, any> | null, ...children: any[]) => any;
    svg: (tag: string, attributes?: Record<string, any> | null, ...children: any[]) => any;
    setText: (node: Element, text: any) => void;
    setAttribute: (node: Element, name: string, value: string | number | boolean | null | undefined) => void;
    setClass: (node: Element, name: string, on: any) => void;
    show: (node: Element, visible: any) => void;
    setValue: (input: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement, value: any) => void;
    button: (text: string, onclick: (event?: Event) => any, kind?: string) => any;
    field: (label: string | Node, input: any, wide?: boolean) => {node: any; input: any; hint: any};
    setChoices: (select: any, choices: Choice[], value?: any) => void;
    fillList: <T>(list: any, items: T[], key: (item: T, index: number) => any, draw: (item: T) => Node) => void;
    sentences: (list: any, sentences: string[]) => void;
    part: (name: string, title: string, opened?: () => any) => {node: any; body: any; more: any};
    remember: (name: string, value: string, where?: "sessionStorage" | "localStorage") => void;
    remembered: (name: string, where?: "sessionStorage" | "localStorage") => string;
    // lora_bridge_evidence.js
    LikenessLine: new (...parts: any[]) => any;
    likenessParts: (found: any) => any;
    HeldOutWork: new (...parts: any[]) => any;
    queueWork: (app: LoraBridgeApp, button: any, path: string, body: any) => Promise<any>;
    nameWork: (app: LoraBridgeApp, button: any, name: string) => void;
    followNew: (app: LoraBridgeApp, answer: any) => any;
    // lora_bridge_frame.js
    fitted: (picture: any, box: any) => any;
    moved: (frame: Rest.Frame, by: number[]) => any;
    movedBox: (frame: Rest.Frame, move: number[]) => number[];
    bucketText: (buckets: Rest.Bucket[]) => string;
    Frames: new (...parts: any[]) => any;
    Frame: new (...parts: any[]) => any;
    // lora_bridge_grid.js
    JudgeGrid: new (...parts: any[]) => any;
    standingWords: (one: Rest.Standing) => string;
    BlindVote: new (...parts: any[]) => any;
    // lora_bridge_held_out.js
    HoldOut: new (...parts: any[]) => any;
    Videos: new (...parts: any[]) => any;
    moviesOfPhotos: (files: Named[]) => any[];
    isVideo: (file: File) => boolean;
    isVideoPath: (path: string) => boolean;
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
    historyChoices: () => [value: string, text: string][];
    jobButtons: (app: LoraBridgeApp, job: Rest.Job) => any;
    exportMenu: (app: LoraBridgeApp, job: Rest.Job) => any;
    download: (blob: Blob, name: string) => void;
    doWithJob: (app: LoraBridgeApp, job: Rest.Job, action: string, button: any) => any;
    // lora_bridge_import.js
    isConfig: (file: File) => boolean;
    frontOf: (file: File) => Promise<any>;
    byReason: (rows: Rest.Key[]) => any;
    Import: new (...parts: any[]) => any;
    keyValue: (value: any) => string;
    acceptFiles: (node: HTMLElement, take: (files: File[]) => any) => void;
    // lora_bridge_keeping.js
    Keeping: new (...parts: any[]) => any;
    // lora_bridge_later.js
    nextTime: (clock: string, now: number) => string;
    StartLater: new (...parts: any[]) => any;
    // lora_bridge_lora_tools.js
    folderOf: (path: string, name: string) => string;
    loraWork: (action: any, file: any, said: any) => any;
    LoraTools: new (...parts: any[]) => any;
    loraActions: () => any;
    verifiedParts: (found: any) => any;
    // lora_bridge_notify.js
    mayNotify: () => boolean;
    canNotify: () => any;
    askToNotify: () => any;
    notify: (title: string, text: string) => void;
    // lora_bridge_photos.js
    Photos: new (...parts: any[]) => any;
    toBeLeftOut: (file: File) => File;
    picture: () => any;
    droppedFiles: (transfer: DataTransfer) => Promise<File[]>;
    // lora_bridge_places.js
    fieldsOf: (app: LoraBridgeApp) => any;
    goTo: (app: LoraBridgeApp, where: string) => Promise<void>;
    showProblems: (app: LoraBridgeApp, list: any, problems: string[]) => void;
    // lora_bridge_plot.js
    SendPlot: new (...parts: any[]) => any;
    unpublishedSteps: (result: Rest.Result, files: Rest.Lora[]) => number[];
    stepStem: (result: Rest.Result, files: Rest.Lora[], step: any) => string;
    withStem: (text: any, result: Rest.Result, stem: string) => any;
    stepStems: (result: Rest.Result, files: Rest.Lora[]) => any;
    plotAxes: (result: any, stems: any, weights: any) => any;
    plotText: (result: any, axes: any) => any;
    // lora_bridge_preset.js
    PresetChoice: new (...parts: any[]) => any;
    subjectOf: (preset: Rest.Preset) => string;
    bestFor: (presets: Rest.Preset[], gigabytes: number | null) => Rest.Preset | undefined;
    About: new (...parts: any[]) => any;
    presetFacts: (preset: Rest.Preset) => any;
    // lora_bridge_publishing.js
    PrivateTick: new (...parts: any[]) => any;
    EnoughTick: new (...parts: any[]) => any;
    PublishedStep: new (...parts: any[]) => any;
    // lora_bridge_rates.js
    learningRate: (params: any) => any;
    curveCsv: (points: any, best: any, rate: any) => any;
    save: (name: string, data: BlobPart, type: string) => void;
    // lora_bridge_regularization.js
    Regularization: new (...parts: any[]) => any;
    classText: (one: Rest.ClassSet) => string;
    // lora_bridge_samples.js
    usableText: (range: any) => string;
    nothingToTry: (jobs: any) => any;
    stripHeads: (steps: any, running: any) => any;
    SampleStrip: new (...parts: any[]) => any;
    PromptEditor: new (...parts: any[]) => any;
    // lora_bridge_server.js
    ServerError: new (...parts: any[]) => any;
    Server: new (...parts: any[]) => any;
    Saver: new (...parts: any[]) => any;
    // lora_bridge_setup.js
    Setup: new (...parts: any[]) => any;
    withoutCommand: (sentence: Said) => string;
    showLog: (app: LoraBridgeApp, box: any, job: any, lines: any) => Promise<any>;
    // lora_bridge_start.js
    host: () => any;
    mount: () => any;
    // lora_bridge_state.js
    noProgress: () => Progress;
    foldStatus: (known: Progress, answer: Rest.Status) => Progress;
    foldCurve: (known: CurvePoint[], more: CurvePoint[]) => CurvePoint[];
    smooth: (curve: CurvePoint[], strength?: number) => CurvePoint[];
    thin: (curve: CurvePoint[], most: number) => CurvePoint[];
    pollDelay: (busy: boolean, failures: number, drafting?: boolean) => number;
    isActive: (job: Rest.Job | null) => boolean;
    isOver: (job: Rest.Job | null) => boolean;
    stripView: (status: Rest.Status | null, now: number, inWebui: boolean) => StripView | null;
    pausedView: (status: Rest.Status, now: number, inWebui: boolean) => StripView;
    laterView: (status: Rest.Status) => StripView;
    jobActions: (job: Rest.Job) => string[];
    captionRemarks: (caption: string, name: string, tokens: number | null) => Remark[];
    tokenRemark: (tokens: number) => Remark;
    facetText: (facet: Rest.Facet) => string;
    tileText: (photo: Rest.Photo) => string;
    mergeDraft: (known: Rest.Draft | null, answer: Rest.Draft) => Rest.Draft;
    byName: (one: Named, other: Named) => number;
    together: (files: File[]) => File[][];
    batches: (files: File[], mostBytes: number, mostFiles: number) => File[][];
    bareTitle: (title: string | null) => string;
    errorSentences: (error: any) => string[];
    problemParts: (sentence: Said) => {where: string; text: string};
    saidOnce: (sentences: string[], before?: string[]) => string[];
    problemSentence: (problem: string | Rest.Problem) => string;
    // lora_bridge_strip.js
    statusWord: (status: string) => string;
    StopButtons: new (...parts: any[]) => any;
    Strip: new (...parts: any[]) => any;
    // lora_bridge_subjects.js
    Subjects: new (...parts: any[]) => any;
    subjectText: (one: any, count: number) => any;
    nameOf: (draft: Rest.Draft, photo: Rest.Photo) => string;
    // lora_bridge_train.js
    Train: new (...parts: any[]) => any;
    curveWords: (curve: any) => any;
    seenOf: (draft: Rest.Draft) => any;
    toldOf: (told: any, status: Rest.Status) => any;
    notesOf: (status: Rest.Status) => any;
    showSamples: (app: LoraBridgeApp, box: any, samples: any) => any;
    // lora_bridge_try.js, lora_bridge_cards.js
    Try: new (...parts: any[]) => any;
    copy: (text: string) => Promise<any>;
    loadedCheckpoint: () => any;
    filePlace: (result: Rest.Result) => {file: string; folder: string};
    resultFacts: (result: Rest.Result) => any;
    refreshCards: (app: LoraBridgeApp, pause?: number) => Promise<void>;
    cardButtons: () => any[];
    isDrawing: (button: any) => boolean;
    hasCard: (button: any, stem: string) => boolean;
    isLost: (was: any, is: any) => boolean;
    refreshing?: boolean;
    chosenOf: (select: any, choices: Choice[]) => any;
    stopWords: (kind: string) => string;
    untilIdle: (server: any, wait: number) => Promise<void>;
    resultCosts: (facts: any, healed: any) => any;
    // lora_bridge_waiting.js
    waitingText: (status: Rest.Status) => string;
    Waiting: new (...parts: any[]) => any;
    watchGenerate: () => any;
    // lora_bridge_windowed.js
    Windowed: new (...parts: any[]) => any;
    // lora_bridge_windows.js
    partsNow: (draft: Rest.Draft, part: any) => any;
    changedFields: (before: any, after: any) => any;
    Windows: new (...parts: any[]) => any;
    // lora_bridge_words.js
    dictionary: () => Record<string, string>;
    language: () => string;
    t: (text: string, values?: Record<string, any>) => string;
    learn: (answer: any) => any;
    messageOf: (text: Said) => Message | undefined;
    message: (message: Message) => string;
    sentence: (text: Said) => string;
    duration: (seconds: number) => string;
    about: (seconds: number) => string;
    speed: (rate: number) => string;
    gigabytes: (bytes: number) => string;
    loss: (value: number | null) => string;
    when: (seconds: number | null) => string;
    value: (value: any) => string;
    number: (value: number) => string;
    shortened: (text: string, most: number) => string;
    countWords: (text: string) => number;
    beginsWith: (caption: string, name: string) => boolean;
    partsOf: (text: Said) => any[];
    codeOf: (text: Said) => string;
    withoutFile: (sentence: Said) => string;
}

declare var loraBridge: LoraBridge;
