import { encodeNpy, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import {
  type Bridge,
  type Carried,
  chatEmbedsRequest,
  imageEmbedsRequest,
  loadTokenizer,
  type PayloadType,
  payloadTensor,
  pictureMessage,
  renderPrompt,
  tokensHash,
  torchTensor,
  type VisualTokens,
} from '@vitamin-vlm/llava-bridge';
import { pictureSource } from '../picture-source.ts';
import type { Progress } from '../progress.ts';

/** What is written, and where. */
export interface TokenFileOptions {
  readonly path: string;
  readonly ending: string;
  readonly for: 'vllm' | 'llama.cpp' | 'transformers' | 'npy';
  readonly carry: Carried | undefined;
  readonly range: number | undefined;
  readonly type: PayloadType;
  readonly question: string;
  readonly served: string;
  readonly llm: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What lies there now. */
interface WrittenTokens {
  readonly path: string;
  readonly ending: string;
  readonly sidecar: string;
  readonly about: Record<string, unknown>;
  /** Of the question with its pictures; empty where no tokenizer is at hand. */
  readonly ids: readonly number[];
}

/**
 * Writes the tokens of pictures into one file, and beside it what they are.
 *
 * @throws VitaminError as `Bridge.tokens`; `RUNTIME` for numbers that the type cannot hold; `UNSUPPORTED` for bfloat16 in .npy.
 */
export async function writeTokens(bridge: Bridge, files: readonly string[], options: TokenFileOptions): Promise<WrittenTokens> {
  const { path, ending, type, question, signal, progress } = options;
  const sources: (string | Uint8Array)[] = [];
  const all: VisualTokens[] = [];
  for (const [i, file] of files.entries()) {
    sources.push(await pictureSource(file));
    all.push(await bridge.tokens(sources[i]!, { signal, onProgress: progress.reporter(file, i, files.length) }));
  }
  const [first] = all as [VisualTokens];
  const about = {
    images: files.map((file, i) => ({ file, uuid: tokensHash(all[i]!) })),
    tokens: first.tokens,
    hidden: first.hidden,
    type,
    grid: first.grid,
    identity: first.identity,
    recipe: first.recipe,
  };
  if (ending === '.json') await writeFileAtomic(path, `${JSON.stringify(requestOf(all, options))}\n`);
  else if (ending === '.npy') await writeFileAtomic(path, encodeNpy(joined(all, type)));
  else if (ending === '.png') await writeFileAtomic(path, await pictureOf(bridge, sources, options));
  else if (ending === '.pt') await writeFileAtomic(path, torchTensor(joined(all, type)));
  else await writeSafetensors(path, new Map(all.map(({ data }, i) => [`tokens.${i}`, payloadTensor(data, type)])), { format: 'pt' });
  const sidecar = ending === '.json' ? path.replace(/\.json$/iu, '.meta.json') : `${path}.json`;
  await writeFileAtomic(sidecar, `${JSON.stringify({ schemaVersion: 1, ...about }, null, 2)}\n`);
  const ids = bridge.folder === undefined ? [] : await promptIds(bridge, bridge.folder, question, files.length);
  return { path, ending, sidecar, about, ids };
}

/** The picture that carries one picture's numbers through llama.cpp. @throws VitaminError `USAGE` for several: each has a file of its own. */
async function pictureOf(
  bridge: Bridge,
  sources: readonly (string | Uint8Array)[],
  { carry, range, signal }: TokenFileOptions,
): Promise<Buffer> {
  if (sources.length === 1) return await bridge.codecPicture(bridge.codec({ carry, range }), sources[0]!, { signal });
  throw new VitaminError('USAGE', `Expected one image for --for llama.cpp but received ${sources.length}`, {
    hint: 'Call it once for each.',
  });
}

async function promptIds({ template }: Bridge, folder: string, question: string, pictures: number): Promise<readonly number[]> {
  const tokenizer = await loadTokenizer(folder);
  return tokenizer.encodePrompt(renderPrompt(template, [pictureMessage(question, pictures), null]));
}

/** The body of a request to vLLM's chat with all pictures before the question. */
function requestOf(all: readonly VisualTokens[], { served: model, question, type }: TokenFileOptions): unknown {
  const options = { model, maxTokens: 512, temperature: 0 };
  const parts = [...all, question];
  return (type === 'bfloat16' ? chatEmbedsRequest(parts, options, type) : imageEmbedsRequest(parts, options, type)).body;
}

/** One picture as [T, H], several as [n, T, H]. */
function joined(all: readonly VisualTokens[], type: PayloadType): Tensor {
  const payloads = all.map(({ data }) => payloadTensor(data, type));
  const [first] = payloads as [Tensor];
  if (payloads.length === 1) return first;
  const out = tensor(type, [payloads.length, ...first.shape]) as Tensor<'float32'>;
  payloads.forEach(({ data }, i) => out.data.set(data as Float32Array<ArrayBuffer>, i * data.length));
  return out;
}

/** The request or the lines that use a file, for people to copy. */
export function howToUse(
  written: WrittenTokens,
  options: Pick<TokenFileOptions, 'for' | 'type' | 'llm'> & { readonly folder: string | undefined },
): string {
  const { path, ending } = written;
  if (options.for === 'npy')
    return `import numpy as np\ntokens = np.load(${quote(path)})  # [tokens, hidden], or [pictures, tokens, hidden]`;
  if (options.for === 'llama.cpp') return llamaCppLines(path);
  if (options.for === 'transformers') return transformersLines(written, options.folder ?? options.llm);
  const server = 'http://127.0.0.1:8000/v1/chat/completions';
  if (ending === '.json') {
    const flags = options.type === 'bfloat16' ? '--enable-prompt-embeds' : '--enable-mm-embeds';
    return `# a server with ${flags}\ncurl ${server} -H 'Content-Type: application/json' -d @${path}`;
  }
  const isTorch = ending === '.pt';
  const part = isTorch
    ? '{"type": "prompt_embeds", "data": "\'"$(base64 -w0 FILE)"\'"}'
    : '{"type": "image_embeds", "image_embeds": "\'"$(base64 -w0 FILE)"\'"}';
  return `# a server with ${isTorch ? '--enable-prompt-embeds' : '--enable-mm-embeds'}; one picture a part
curl ${server} -H 'Content-Type: application/json' -d @- <<< \\
  '{"model": "MODEL", "temperature": 0, "messages": [{"role": "user", "content": [${part.replace('FILE', path)}, {"type": "text", "text": "Describe the picture."}]}]}'`;
}

/** How llama.cpp's own programs take the picture. */
function llamaCppLines(path: string): string {
  return `# once for all pictures: vitamin export codec -o mmproj.gguf, with the same --carry and --range
llama-server -m LLM.gguf --mmproj mmproj.gguf
curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' -d @- <<< \\
  '{"temperature": 0, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,'"$(base64 -w0 ${path})"'"}}, {"type": "text", "text": "Describe the picture."}]}]}'`;
}

/** Python that answers the question with transformers. The ids are those of the prompt, -200 in each picture's place. */
function transformersLines({ path, ending, about, ids }: WrittenTokens, llm: string): string {
  const { tokens, hidden } = about as { readonly tokens: number; readonly hidden: number };
  const read =
    ending === '.pt' ? `torch.load(${quote(path)}).view(-1, ${tokens}, ${hidden})` : `safetensors.torch.load_file(${quote(path)}).values()`;
  return `import torch, transformers${ending === '.pt' ? '' : ', safetensors.torch'}
llm = transformers.AutoModelForCausalLM.from_pretrained(${quote(llm)}, dtype=torch.float32)
tokenizer = transformers.AutoTokenizer.from_pretrained(${quote(llm)})
pictures = iter(${read})
ids = ${JSON.stringify(ids)}
embed = llm.get_input_embeddings()
prompt = torch.cat([next(pictures).float() if id == -200 else embed(torch.tensor([id])) for id in ids])[None]
print(tokenizer.decode(llm.generate(inputs_embeds=prompt, do_sample=False, max_new_tokens=64)[0], skip_special_tokens=True))`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
