// What the page's scripts find in the WebUI.

interface LoraBridgeMessage {
    code: string;
    text?: string;
    values: Record<string, string | number | LoraBridgeMessage>;
}

interface LoraBridgeProblem {
    code: string;
    where: string;
    what: string;
    remedy: string;
    text: string;
    values: Record<string, string | number | LoraBridgeMessage>;
}

declare var loraBridgeDictionaries: Record<string, Record<string, string>> | undefined;

/** The host's. */
declare var opts: any;
declare var localization: Record<string, string> | undefined;
declare function gradioApp(): Document | ShadowRoot;
declare function onUiLoaded(callback: () => void): void;
declare function onUiUpdate(callback: () => void): void;
declare function selectCheckpoint(name: string): void;
declare function updateInput(target: Element): void;
