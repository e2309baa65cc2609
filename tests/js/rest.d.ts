// What REST answers and takes, written by `python -m tools.rest_docs`.

declare namespace Rest {
    interface Again {
        sentence: string;
        notes: string[];
    }

    interface Average {
        step: number;
        saves: number[];
        sentence: string;
    }

    interface Base {
        title: string;
        family: string | null;
        family_name: string | null;
        trainable: boolean;
        why: string;
        prediction: string | null;
    }

    interface BaseBody {
        path: string;
    }

    interface Bases {
        bases: Base[];
        looked: string[];
    }

    interface Best {
        step: number | null;
        range: number[] | null;
        sure: boolean;
        reason: string;
        curve: Save[];
    }

    interface BlockNorm {
        block: string;
        modules: number;
        norm: number | null;
    }

    interface Bucket {
        width: number;
        height: number;
        photos: number;
    }

    interface Caption {
        photo: string;
        captions: any[];
    }

    interface CaptionBody {
        photos: string[];
        with: string;
        model?: string | null;
        prompt?: string | null;
        key?: string | null;
        name?: string | null;
        class?: string | null;
        template?: TemplateBody | null;
        again?: boolean;
    }

    interface CaptionChange {
        id: number;
        file: string;
        before: string;
        after: string;
    }

    interface CaptionTableBody {
        text: string;
        form: "txt" | "csv" | "json";
        photos?: number[] | null;
    }

    interface Captioner {
        kind: "template" | "host" | "endpoint" | "folder" | "command";
        with: string;
        title: string;
        ready: boolean;
        why?: string;
        models?: string[];
    }

    interface Captioners {
        captioners: Captioner[];
        looked?: string[];
    }

    interface CaptionsBody {
        action: "draft" | "add" | "remove" | "replace" | "front" | "dedupe" | "person" | "undo" | "redo";
        text?: string | null;
        with?: string | null;
        where?: "start" | "end";
        regex?: boolean;
        words?: string[] | null;
        photos?: number[] | null;
    }

    interface CaptionsPreview {
        count: number;
        changes: CaptionChange[];
    }

    interface Card {
        file: string;
        activation_text: string;
        weight: number;
        negative: string;
        notes: string;
        preview: string | null;
    }

    interface CardBody {
        activation_text?: string | null;
        weight?: number | null;
        negative?: string | null;
        notes?: string | null;
        picture?: string | null;
    }

    interface CheckBody {
        photos: string[];
    }

    interface ClassSet {
        word: string;
        drawn: number;
        usable: number;
        job: number | null;
        by?: "embedded" | "webui" | null;
        sentence?: string;
    }

    interface Clean {
        keep: string;
        rules: KeepRule[];
        freed: Freed[];
        copies: Cleaned;
        bytes: number;
        sentence: string;
        dry_run: boolean;
    }

    interface CleanBody {
        keep?: "everything" | "checkpoints" | "lora" | null;
        dry_run?: boolean;
    }

    interface Cleaned {
        lines: string[];
        bytes: number;
        dry_run?: boolean;
    }

    interface ClusterBody {
        address: string;
        base?: string | null;
        home?: string | null;
        gpus?: number | null;
    }

    interface Compare {
        jobs: Run[];
        settings: Difference[];
        same_settings: number;
        data: Difference[];
        captions: Caption[];
    }

    interface Concern {
        reason: string;
        severity: "note" | "mind" | "serious";
        remedy: string;
        fix: "" | "turn" | "crop" | "leave out";
    }

    interface Count {
        done: number;
        total: number;
    }

    interface Counts {
        used: number;
        changed: number;
        ignored: number;
    }

    interface Dataset {
        root: string;
        folder: string;
        images: number;
        repeats: number;
        wanted_steps: number | null;
        steps: number;
        folders: Folder[];
        held_out: string[];
        masks: number | null;
        report: Report | null;
    }

    interface DatasetBody {
        photos: string[];
        name: string;
        class: string;
        out: string;
        steps?: number;
        held_out?: string[] | null;
        masks?: boolean;
        face_masks?: boolean;
        unmasked_weight?: number;
    }

    interface Difference {
        name: string;
        values: any[];
    }

    interface Draft {
        revision: number;
        since: number;
        ids: number[] | null;
        photos: Photo[];
        captions: DraftCaption[];
        more: boolean;
        used: number;
        total: number;
        sentence: string;
        name: string;
        class_token: string;
        source: string | null;
        subjects: DraftSubject[];
        advice: string[];
        coverage: Facet[];
        caption_advice: string[];
        checking: Count | null;
        comparing: Count | null;
        drafting: Count | null;
        caption_job: number | null;
        writing: Count | null;
        videos: Video[];
        training: TrainingChoices;
        undo: number;
        redo: number;
        photo_undo: number;
        imported: boolean;
        problems: string[];
        notes?: string[];
    }

    interface DraftCaption {
        id: number;
        caption: string;
        own_caption: boolean;
        words: number;
        tokens: number | null;
        begins_with_name: boolean;
        by: string;
        edited: boolean;
        reason: string | null;
    }

    interface DraftCaptionBody {
        with: string;
        model?: string | null;
        prompt?: string | null;
        key?: string | null;
        template?: TemplateBody | null;
        photos?: number[] | null;
        again?: boolean;
    }

    interface DraftChange {
        name?: string;
        class_token?: string;
        training?: TrainingChange;
        was?: (Record<string, any>)[];
    }

    interface DraftSubject {
        id: number;
        name?: string;
        class_token?: string;
        repeats?: number | null;
        source?: string | null;
    }

    interface DrawRegularizationBody {
        count: number;
        by?: "embedded" | "webui";
    }

    interface Engine {
        ready: boolean;
        findings: Readiness[];
        costs: Record<string, string>;
    }

    interface Error {
        error: ErrorPart;
    }

    interface ErrorPart {
        sentences: string[];
        problems: Problem[];
    }

    interface EvaluateBody {
        file: string;
        on: string;
        base?: string | null;
    }

    interface Event {
        seq: number;
        time: number;
        attempt: number;
        type: string;
    }

    interface Events {
        events: Event[];
    }

    interface Facet {
        name: string;
        measured: boolean;
        text: string;
        missing?: string;
    }

    interface FindStepBody {
        folds?: number | null;
    }

    interface Folder {
        subject: string;
        folder: string;
        images: number;
        repeats: number;
    }

    interface FolderBody {
        path: string | null;
        subject?: number;
    }

    interface Forgotten {
        sentence: string;
        notes: string[];
        bytes: number;
        dry_run: boolean;
    }

    interface Frame {
        id: number;
        width: number;
        height: number;
        box: number[];
        move: number[];
        can_move: boolean[];
        faces: number[][];
        cuts_face: boolean;
    }

    interface Frames {
        frames: Frame[];
        buckets: Bucket[];
        notes: string[];
    }

    interface FramesBody {
        video: string;
        out: string;
        count?: number;
    }

    interface Freed {
        job: number;
        files: number;
        bytes: number;
    }

    interface Grid {
        job: number;
        by: "embedded" | "webui";
        number: number | null;
        state: "drawing" | "stopped" | "done";
        done: number;
        total: number;
        steps: number[];
        weights: number[];
        prompts: string[];
        pictures: Picture[];
        standings: Standing[];
        sentence?: string;
        seconds_left?: number | null;
    }

    interface GridBody {
        steps?: number[] | null;
        weights?: number[] | null;
        prompts?: string | null;
        by?: "embedded" | "webui" | null;
    }

    interface Headers {
        files: number;
        known: number;
        pictures: number;
        formats: Record<string, number>;
        sizes: Size[];
        turned: number;
        too_small: number;
        no_pictures: number;
        seconds: number;
        summary: string;
    }

    interface Host {
        host: string;
        local: boolean;
        can_send: boolean;
        no_interrogator: string | null;
        memory: HostMemory | null;
    }

    interface HostMemory {
        free: number;
        total: number;
        name: string;
    }

    interface Import {
        file: string;
        kind: string;
        keys: Key[];
        counts: Counts;
        values: Record<string, any>;
        family: string | null;
        base: string | null;
        base_name: string;
        dataset: string | null;
        dataset_config: Record<string, any> | null;
        name: string | null;
        trigger: string | null;
        launch: Launch | null;
        epochs: number | null;
        save_every_epochs: number | null;
        warmup: number | null;
        notes: string[];
        draft: Proposal;
        applied: boolean;
    }

    interface ImportBody {
        files?: string[];
        path?: string | null;
        apply?: boolean;
    }

    interface Job {
        id: number;
        kind: "train" | "setup" | "tool";
        title: string;
        status: "queued" | "running" | "stopping" | "succeeded" | "failed" | "stopped" | "lost";
        attempt: number;
        created: number;
        started: number | null;
        finished: number | null;
        sentence: string;
        engine: string | null;
        base: string | null;
        family: string | null;
        step: number;
        total: number | null;
        rate: number | null;
        left: number | null;
        loss: number | null;
        saved: number | null;
        begins: number | null;
        forgotten: boolean;
        silent: number | null;
    }

    interface JobDetails extends Job {
        spec: Record<string, any>;
        report: Record<string, any> | null;
        strip: Strip | null;
        best: Best | null;
    }

    interface JobReport {
        text: string;
    }

    interface Jobs {
        jobs: Job[];
        more: boolean;
        found: number;
        total: number;
    }

    interface KeepRule {
        name: string;
        text: string;
    }

    interface Key {
        key: string;
        fate: "used" | "changed" | "ignored";
        value: any;
        to: string;
        why: string;
    }

    interface Launch {
        processes?: number;
        machines?: number;
        machine_rank?: number;
        main_process_ip?: string | null;
        main_process_port?: number | null;
        gpu_ids?: number[];
        num_cpu_threads_per_process?: number | null;
    }

    interface LaunchBody {
        processes?: number | null;
        machines?: number | null;
        machine_rank?: number | null;
        main_process_ip?: string | null;
        main_process_port?: number | null;
        num_cpu_threads_per_process?: number | null;
        gpus?: number[] | null;
    }

    interface Likeness {
        measured: boolean;
        sentence: string;
        by?: string | null;
        value?: number | null;
        photos?: number | null;
        low?: number | null;
        high?: number | null;
        step?: number | null;
        samples?: number;
        following?: number | null;
        variety?: number | null;
        nearest?: Nearest | null;
    }

    interface LikenessBody {
        with?: string | null;
    }

    interface Log {
        lines: string[];
    }

    interface Lora {
        file: string;
        stem: string;
        time: number;
        job: number | null;
        step: number | null;
    }

    interface LoraBody {
        action: "resize" | "merge" | "extract";
        files: string[];
        rank?: number | null;
        weights?: number[];
        into?: string | null;
        from?: string | null;
        name?: string | null;
        lora_dir?: string | null;
        out?: string | null;
        gpu?: number | null;
    }

    interface Loras {
        loras: Lora[];
    }

    interface Memory {
        free: number;
        total: number;
    }

    interface Move {
        x?: number;
        y?: number;
    }

    interface Nearest {
        distance: number;
        photo: string;
        copies: number;
        sentence: string;
    }

    interface Option {
        name: string;
        type: "int" | "float" | "str" | "bool" | "list";
        default: any;
        choices: any[] | null;
        help: string;
        help_ja: string;
        known: boolean;
        min: number | null;
        max: number | null;
        may_be_empty: boolean;
    }

    interface Options {
        options: Option[];
        total: number;
    }

    interface Pair {
        prompt: string;
        numbers: number[];
        pictures: string[];
    }

    interface PauseBody {
        minutes?: number | null;
    }

    interface Paused {
        job: Job;
        until: number;
    }

    interface PersonWord {
        kind: string;
        text: string;
        count: number;
    }

    interface Photo extends DraftCaption {
        file: string;
        verdict: "good" | "mind" | "left out" | null;
        sentence: string;
        used: boolean;
        can_be_used: boolean;
        width: number;
        height: number;
        notes: string[];
        concerns: string[];
        findings: Concern[];
        thumb: string | null;
        picture: string | null;
        turn: number;
        subject: number;
        repeats: number | null;
        mask: "" | "painted" | "file" | "alpha";
        mask_picture: string | null;
        held_out: boolean;
    }

    interface PhotoChange {
        used?: boolean | null;
        caption?: string | null;
        turn?: number;
        move?: Move | null;
        held_out?: boolean | null;
        subject?: number;
        repeats?: number | null;
        was?: (Record<string, any>)[];
    }

    interface PhotoFix {
        fix: "turn" | "crop" | "leave out" | "drop copies";
        photos?: number[] | null;
    }

    interface Picture {
        step: number | null;
        weight: number;
        prompt: number;
        picture: string | null;
    }

    interface Plan {
        sentence: string;
        photos: number;
        repeats: number;
        batch: number;
        steps: number;
        seconds: number | null;
        seconds_from: string;
        memory: Memory | null;
        gpu: string | null;
        base: PlannedBase | null;
        preset: Preset;
        presets: string[];
        gigabytes: number | null;
        lora_stem: string | null;
        engine: string;
        problems: string[];
        advice: string[];
        caption_advice: string[];
        changed: number;
        regularization: ClassSet[];
    }

    interface PlannedBase extends Base {
        lacks: string[];
    }

    interface Preset {
        name: string;
        version: number;
        title: string;
        why: string;
        values: Record<string, any>;
        warmup: number;
        pictures: any[] | null;
        memory: string;
        gigabytes: number | null;
        subject: "person" | "style" | "object" | "";
        family: string;
        sources: string[];
    }

    interface PresetCopy {
        path: string;
    }

    interface PresetCopyBody {
        name: string;
        to: string;
    }

    interface Presets {
        presets: Preset[];
    }

    interface Problem {
        code: string;
        where: string;
        what: string;
        remedy: string;
        text: string;
        values: Record<string, any>;
    }

    interface Prompts {
        text: string;
    }

    interface PromptsBody {
        text: string;
    }

    interface Proof {
        without: number;
        with_lora: number;
    }

    interface Proposal {
        name: string | null;
        class_token: string | null;
        training: Record<string, any>;
        folder: string | null;
        sentences: string[];
    }

    interface PublishBody {
        file: string;
        lora_dir?: string | null;
        name?: string | null;
        private?: boolean;
    }

    interface PublishJobBody {
        private?: boolean;
        step?: number | null;
        average?: boolean;
    }

    interface Published {
        sentence: string;
        path: string;
        stem: string;
        activation_text: string;
        notes: string[];
    }

    interface PublishedLora {
        path: string;
        stem: string;
        activation_text: string;
        notes?: string[];
    }

    interface Queued {
        job: number;
        notes: string[];
    }

    interface Readiness {
        subject: string;
        ready: boolean;
        sentence: string;
        needed?: boolean;
    }

    interface RegularizationBody {
        class: string;
        base: string;
        count?: number | null;
        out?: string | null;
        prompt?: string;
        resolution?: number | null;
    }

    interface Repeated {
        sentence: string;
        job: number;
        of: number;
        notes: string[];
    }

    interface Report {
        used: number;
        total: number;
        summary: string;
        advice: string[];
        coverage: Facet[];
        buckets: Bucket[];
        masks: number;
        photos: Verdict[];
        passes?: string[];
    }

    interface Result {
        prompt: string;
        negative_prompt: string;
        batch_count: number;
        infotext: string;
        infotext_512: string | null;
        why_512: string | null;
        job: number | null;
        stem: string;
        file: string;
        activation_text: string;
        family: string;
        base_title: string;
        sentence: string;
        proof: Proof | null;
        samples: Sample[];
        strip: Strip | null;
        best: Best | null;
        best_of_all: Best | null;
        average: Average | null;
        saves: number[];
        published_step: number | null;
        held_out: number;
        forgotten: boolean;
        preview: string | null;
        facts: Record<string, any>;
        likeness: Likeness | null;
        healed: string[];
        notes: string[];
    }

    interface ResumeBody {
        from?: number | null;
    }

    interface Retried {
        sentence: string;
        notes: string[];
        job: number;
    }

    interface RetryBody {
        all_photos?: boolean;
        steps?: number | null;
    }

    interface Run {
        job: number;
        title: string;
        status: string;
        base: string;
        steps: number;
        planned_steps: number;
        seconds: number | null;
        loss: number | null;
        proof: number[] | null;
        file: string | null;
        curve: any[][];
        held_out: any[][];
        samples: RunSample[];
    }

    interface RunSample {
        step: number;
        prompt: number;
        url: string;
        path: string;
    }

    interface Sample {
        url: string;
        step: number;
    }

    interface Save {
        step: number;
        held_out: number;
        error: number | null;
        training: number | null;
    }

    interface SeenCaption {
        id: number;
        caption: string;
        person: string[];
        missing: string[];
    }

    interface Sentence {
        sentence: string;
    }

    interface SetupBody {
        source?: string | null;
        python?: string | null;
        engine?: "sd-scripts" | "embedded";
    }

    interface SetupQueued {
        job: number;
    }

    interface Shown {
        step: number;
        weight: number;
    }

    interface Size {
        width: number;
        height: number;
        photos: number;
    }

    interface Standing {
        step: number;
        weight: number;
        votes: number;
        share: number;
        low: number;
        high: number;
    }

    interface StartBody {
        seen?: Record<string, any> | null;
        at?: string | null;
    }

    interface Status {
        seq: number;
        running: Job | null;
        waiting: number;
        paused: Paused | null;
        job: Job | null;
        curve: any[][];
        phase: string;
        notes: string[];
        samples: Sample[];
        strip: Strip | null;
        best: Best | null;
        boot: string;
        draft: number;
        generate_waits: boolean;
        host_busy: boolean;
    }

    interface StepSearchBody {
        dataset: string;
        base: string;
        folds?: number | null;
        preset?: string | null;
        values?: Record<string, any> | null;
        lora_dir?: string | null;
        gpu?: number | null;
    }

    interface StopBody {
        now?: boolean;
    }

    interface Strip {
        steps: number[];
        prompts: string[];
        others: number[];
        pictures: ((string | null)[])[];
    }

    interface SubjectChange {
        name?: string;
        class_token?: string;
        repeats?: number | null;
        was?: (Record<string, any>)[];
    }

    interface Tag {
        text: string;
        count: number;
        person?: boolean;
    }

    interface Tally {
        captions: number;
        tags: Tag[];
        person: PersonWord[];
        asked_for: Record<string, number>;
        alike: number;
    }

    interface TemplateBody {
        distance?: string | null;
        pose?: string | null;
        clothes?: string | null;
        place?: string | null;
        light?: string | null;
    }

    interface TrainBody {
        dataset?: string | null;
        base?: string | null;
        config?: string | null;
        lora_dir?: string | null;
        engine?: "sd-scripts" | "embedded" | null;
        preset?: string | null;
        values?: Record<string, any> | null;
        name?: string | null;
        gpu?: number | null;
        held_out?: string[] | null;
        enough?: boolean;
        masks?: boolean | null;
        publish?: "last" | "recommended" | null;
        private?: boolean;
        at?: string | null;
        launch?: LaunchBody | null;
        on?: ClusterBody | null;
    }

    interface TrainingChange {
        base?: string | null;
        preset?: string | null;
        engine?: string | null;
        steps?: number;
        lora_name?: string | null;
        model_folder?: string | null;
        regularization?: number;
        gpus?: string | null;
        v_parameterization?: boolean;
        held_out?: "auto" | "none";
        publish?: "" | "last" | "recommended";
        private?: boolean;
        enough?: boolean;
        masks?: boolean;
        values?: Record<string, any>;
    }

    interface TrainingChoices {
        base?: string | null;
        preset?: string | null;
        engine?: string | null;
        steps?: number;
        lora_name?: string;
        model_folder?: string;
        gpus?: string;
        v_parameterization?: boolean;
        masks?: boolean;
        held_out?: string;
        publish?: string;
        private?: boolean;
        enough?: boolean;
        regularization?: number;
        values?: Record<string, any>;
    }

    interface UploadBody {
        files: string[];
        subject?: number;
    }

    interface Verdict {
        file: string;
        path: string;
        verdict: "good" | "mind" | "left out";
        used: boolean;
        sentence: string;
        width: number;
        height: number;
        notes: string[];
        concerns: string[];
        findings: Concern[];
        caption: string | null;
        words: number | null;
        tokens: number | null;
        copy_of: string | null;
        mask: "" | "alpha" | "file";
    }

    interface Verified {
        file: string;
        whole: boolean;
        family: string;
        family_name: string;
        network: string;
        modules: number;
        text_encoder_modules: number;
        unet_modules: number;
        ranks: number[];
        alphas: number[];
        dtype: string;
        finite: boolean;
        learnt: boolean;
        norms: BlockNorm[];
        unmatched: string[] | null;
        problems: string[];
        notes: string[];
    }

    interface VerifyBody {
        file: string;
    }

    interface Video {
        job: number;
        file: string;
        done: number;
        total: number;
        sentence?: string | null;
    }

    interface VideoFileBody {
        video: string;
        count?: number;
        subject?: number;
    }

    interface VideosBody {
        files: string[];
        count?: number;
        subject?: number;
    }

    interface VoteBody {
        numbers: number[];
        better?: number | null;
    }

    interface Voted {
        shown: Shown[];
        standings: Standing[];
    }
}
