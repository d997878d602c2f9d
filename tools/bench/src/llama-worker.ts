// A process of its own for llama.cpp, which prints what it likes: reads a prompt, says an answer, and tells how many tokens a second it took for either.
import { createRequire } from 'node:module';

/** What is used of the package `@fugood/llama.node`. */
interface LlamaNode {
  loadModel(options: Readonly<Record<string, unknown>>): Promise<{
    bench(prompt: number, answer: number, rows: number, rounds: number): Promise<{ readonly speedPp: number; readonly speedTg: number }>;
  }>;
}

const [engine = '', model = '', threads = '1', prompt = '1', answer = '1'] = process.argv.slice(2);
const llama = createRequire(import.meta.url)(engine) as LlamaNode;
const context = await llama.loadModel({ model, n_ctx: 2048, n_gpu_layers: 0, n_threads: Number(threads) });
const { speedPp: prefill, speedTg: decoding } = await context.bench(Number(prompt), Number(answer), 1, 1);
process.send!({ prefill, decoding });
process.disconnect();
