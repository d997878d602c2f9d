#!/usr/bin/env node
// Stands outside dist/ so that npm can link the command in a fresh clone, before anything is built.
import module from 'node:module';

// Node 22 and later keep compiled code in the folder for temporary files: the next start is shorter. Switched off by NODE_DISABLE_COMPILE_CACHE=1.
module.enableCompileCache?.();
await import('../dist/cli/bin.js');
