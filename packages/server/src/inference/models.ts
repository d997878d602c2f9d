import { Backbone, EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { Detector } from '@vitamin-vlm/fvit-detection';
import { Bridge } from '@vitamin-vlm/llava-bridge';
import type { InferenceSettings } from './job.ts';

/** The models of a server, each loaded when it is first asked. One that failed to load is tried again at the next request. */
export class Models implements AsyncDisposable {
  readonly #settings: InferenceSettings;
  readonly #loaded = new Map<string, Promise<AsyncDisposable>>();

  constructor(settings: InferenceSettings) {
    this.#settings = settings;
  }

  /** Towers for labels and embeddings. */
  async clip(): Promise<Backbone> {
    return await this.#load('clip', (address) => Backbone.load(address, this.#sessions));
  }

  async detector(): Promise<Detector> {
    const { tower } = this.#settings;
    return await this.#load('detect', (address) => Detector.load(address, { ...this.#sessions, tower }));
  }

  async segmenter(): Promise<Segmenter> {
    const { tower } = this.#settings;
    return await this.#load('segment', (address) => Segmenter.load(address, { ...this.#sessions, tower }));
  }

  /** A language model with its tower and projector. */
  async bridge(): Promise<Bridge> {
    const tower = this.#settings.models.clip ?? EMBEDDED_MODEL;
    return await this.#load('ask', (address) => Bridge.load({ ...this.#sessions, tower, llm: address }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const model of this.#loaded.values()) await (await model.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  /** What all sessions are made with. */
  get #sessions(): Pick<InferenceSettings, 'threads' | 'provider' | 'cacheDir'> {
    const { threads, provider, cacheDir } = this.#settings;
    return { threads, provider, cacheDir };
  }

  async #load<T extends AsyncDisposable>(task: keyof InferenceSettings['models'], load: (address: string) => Promise<T>): Promise<T> {
    const address = this.#settings.models[task];
    if (address === undefined) {
      throw new VitaminError('UNSUPPORTED', `Expected a model for "${task}" but this server has none`, {
        hint: `Start it with --models ${task}=ADDRESS.`,
      });
    }
    const loading = (this.#loaded.get(task) as Promise<T> | undefined) ?? load(address);
    this.#loaded.set(task, loading);
    try {
      return await loading;
    } catch (error) {
      this.#loaded.delete(task);
      throw error;
    }
  }
}
