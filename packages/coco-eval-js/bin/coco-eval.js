#!/usr/bin/env node
// Stands outside dist/ so that npm can link the command in a fresh clone, before anything is built.
await import('../dist/cli/bin.js');
