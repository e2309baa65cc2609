"use strict";
// Loads the page's scripts that touch no page, as the WebUI does: classic scripts in one global scope.
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const FOLDER = path.join(__dirname, "..", "..", "javascript");

/** All our scripts' names, in the order in which the WebUI loads them. */
exports.names = () => fs.readdirSync(FOLDER).filter((name) => name.endsWith(".js")).sort();

exports.source = (name) => fs.readFileSync(path.join(FOLDER, name), "utf8");

for (const name of exports.names()) vm.runInThisContext(exports.source(name), {filename: name});
exports.lb = globalThis.loraBridge;

exports.spanish = JSON.parse(fs.readFileSync(path.join(FOLDER, "..", "localizations", "es_ES.json"), "utf8"));
