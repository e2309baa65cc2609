// The page's scripts are classic scripts in one global scope: no modules, no build.
import js from "@eslint/js";
import globals from "globals";

export default [
    js.configs.recommended,
    {
        files: ["javascript/**/*.js"],
        languageOptions: {
            ecmaVersion: 2021,
            sourceType: "script",
            globals: {...globals.browser, opts: "readonly", gradioApp: "readonly", onUiLoaded: "readonly", onUiUpdate: "readonly", localization: "readonly", selectCheckpoint: "readonly", updateInput: "readonly"},
        },
        rules: {
            "eqeqeq": "error",
            "no-var": "error",
            "prefer-const": "error",
            "no-unused-vars": ["error", {caughtErrors: "none"}],
        },
    },
];
