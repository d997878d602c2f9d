/** The process of one llama.cpp: answers each request of `LlamaProcess`. */
import { createRequire } from 'node:module';
import type { Completion, LlamaLoad, LlamaReply, LlamaRequest } from './llama-process.ts';
import type { OnToken } from './callback-pieces.ts';

/** What is used of the package `@fugood/llama.node`. */
interface LlamaNode {
  loadModel(options: Readonly<Record<string, unknown>>): Promise<LlamaContext>;
}

interface LlamaContext {
  initMultimodal(options: LlamaLoad['projector']): boolean;
  completion(options: Readonly<Record<string, unknown>>, onToken: OnToken): Promise<Completion>;
  stopCompletion(): void;
}

let context: LlamaContext | undefined;
let isRunning = false;

process.on('message', (request: LlamaRequest) => {
  if ('stop' in request) {
    if (isRunning) context!.stopCompletion();
  } else answer(request).catch((cause: unknown) => say({ error: cause instanceof Error ? cause.message : String(cause) }));
});
process.on('disconnect', () => process.exit());

async function answer(request: Exclude<LlamaRequest, { stop: true }>): Promise<void> {
  if ('load' in request) {
    context = await load(request.load);
    say({ done: { text: '', stopped_limited: false, context_full: false } });
    return;
  }
  isRunning = true;
  try {
    // Pieces that come after the end are part of its text.
    const done = await context!.completion(request.complete, ({ token }) => {
      if (isRunning) say({ token });
    });
    isRunning = false;
    const { text, stopped_limited, context_full } = done;
    say({ done: { text, stopped_limited, context_full } });
  } finally {
    isRunning = false;
  }
}

async function load({ engine, model, projector }: LlamaLoad): Promise<LlamaContext> {
  const loaded = await (createRequire(import.meta.url)(engine) as LlamaNode).loadModel(model);
  if (!loaded.initMultimodal(projector)) throw new Error('it refused the codec');
  return loaded;
}

function say(reply: LlamaReply): void {
  process.send!(reply);
}
