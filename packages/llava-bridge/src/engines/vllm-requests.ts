import { encodeNpy } from '@vitamin-vlm/checkpoint';
import type { Tensor } from '@vitamin-vlm/core';
import { type PayloadType, payloadTensor } from '../payload/payload-tensor.ts';
import { torchTensor } from '../payload/torch-tensor.ts';
import { tokensHash, type VisualTokens } from '../tokens/visual-tokens.ts';

/** How a server is to choose its words. Sent every time, because a model's own generation_config would rule otherwise. */
export interface RequestOptions {
  /** Name of the model at the server. */
  readonly model: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly repetitionPenalty?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly stream?: boolean | undefined;
}

/** A piece of a question: words, or a picture's tokens. */
export type QuestionPart = string | VisualTokens;

/** A request to a server: path and JSON body. */
export interface EngineRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * vLLM's `prompt_embeds`: the whole prompt as embeddings, for any text model (`--enable-prompt-embeds`). Exact to the id, because nothing is tokenized at the server.
 *
 * @param prompt - [T, H], as `embedPrompt` makes it.
 * @throws VitaminError as `payloadTensor`.
 */
export function promptEmbedsRequest(prompt: Tensor<'float32'>, options: RequestOptions, type: PayloadType = 'float32'): EngineRequest {
  // An empty prompt beside the embeddings would be answered too.
  return {
    path: '/v1/completions',
    body: { ...common(options), prompt_embeds: torchTensor(payloadTensor(prompt, type)).toString('base64') },
  };
}

/**
 * vLLM's chat with `prompt_embeds` parts: the server tokenizes the words and applies its own chat template; the tokens of pictures stand between them.
 *
 * @throws VitaminError as `payloadTensor`.
 */
export function chatEmbedsRequest(
  question: readonly QuestionPart[],
  options: RequestOptions,
  type: PayloadType = 'float32',
): EngineRequest {
  return chat(question, options, ({ data }) => ({
    type: 'prompt_embeds',
    data: torchTensor(payloadTensor(data, type)).toString('base64'),
  }));
}

/**
 * vLLM's chat with `image_embeds` parts, for a served LLaVA (`--enable-mm-embeds`): one part for each picture, named by its content, its numbers sent every time.
 *
 * @throws VitaminError as `payloadTensor`; `UNSUPPORTED` for bfloat16, which .npy cannot hold.
 */
export function imageEmbedsRequest(
  question: readonly QuestionPart[],
  options: RequestOptions,
  type: PayloadType = 'float32',
): EngineRequest {
  return chat(question, options, (tokens) => ({
    type: 'image_embeds',
    image_embeds: encodeNpy(payloadTensor(tokens.data, type)).toString('base64'),
    uuid: tokensHash(tokens),
  }));
}

/** SGLang's `input_embeds`: the whole prompt as nested JSON numbers, for a server with `--disable-radix-cache`. About 40 bytes a number. */
export function inputEmbedsRequest(prompt: Tensor<'float32'>, options: RequestOptions): EngineRequest {
  const { data, shape } = payloadTensor(prompt, 'float32') as Tensor<'float32'>;
  const width = shape[1]!;
  const rows = Array.from({ length: shape[0]! }, (_, row) => Array.from(data.subarray(row * width, (row + 1) * width)));
  const { maxTokens, temperature, topP, topK, repetitionPenalty, stop, stream = false } = options;
  const sampling = { max_new_tokens: maxTokens, temperature, top_p: topP, top_k: topK, repetition_penalty: repetitionPenalty, stop };
  return { path: '/generate', body: { input_embeds: rows, sampling_params: sampling, stream } };
}

function chat(question: readonly QuestionPart[], options: RequestOptions, picture: (tokens: VisualTokens) => object): EngineRequest {
  const content = question.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : picture(part)));
  return { path: '/v1/chat/completions', body: { ...common(options), messages: [{ role: 'user', content }] } };
}

function common({
  model,
  maxTokens,
  temperature,
  topP,
  topK,
  repetitionPenalty,
  seed,
  stop,
  stream = false,
}: RequestOptions): Record<string, unknown> {
  return {
    model,
    max_tokens: maxTokens,
    temperature,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(repetitionPenalty === undefined ? {} : { repetition_penalty: repetitionPenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    stream,
  };
}
