import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import type { OnnxModel } from '@vitamin-vlm/graph';
import { type NamedTensors, Session, type SessionOptions } from '@vitamin-vlm/runtime';
import { copyOf, type StateInfo } from './state.ts';

/** The graphs of a training step. */
export type StepGraphs = (
  | {
      /** The whole step in one graph, as `addTrainingStep` makes it. */
      readonly step: OnnxModel;
    }
  | {
      /** Gradients of one batch, added up, as `addAccumulation` makes them: run `batches` times a step. */
      readonly accumulate: OnnxModel;
      /** The update from their mean, as `accumulatedStep` makes it. */
      readonly apply: OnnxModel;
      /** Batches of a step. */
      readonly batches: number;
    }
) & {
  /** Runs before, with the same parameters: its results are what `Batch.targets` makes the loss's targets from. */
  readonly forward?: OnnxModel;
};

/** What one run of the graphs works on. */
export interface Batch {
  /** For the inputs that are neither state nor the rate. They are copied, so they may be kept and given again. */
  readonly feeds: NamedTensors;
  /** The feeds that depend on what the network finds (matching, sampling), from the results of the forward graph. */
  readonly targets?: (results: NamedTensors) => NamedTensors | Promise<NamedTensors>;
}

/** Scalars that a step gives beside its new state. */
export interface StepValues {
  readonly loss: number;
  readonly gradientNorm: number;
  /** What else the graphs name. */
  readonly [name: string]: number;
}

const NEXT = ':next';

/** The sessions of a step's graphs, and how data goes through them. */
export class Stepper implements AsyncDisposable {
  /** What goes from step to step, in the order of the graphs' outputs. */
  readonly state: readonly StateInfo[];
  /** Batches of a step. */
  readonly batches: number;
  /** False once the state given to `run` is lost: its arrays went to the engine and did not come back, or came back with NaN. */
  whole = true;
  readonly #forward: Session | undefined;
  readonly #accumulate: Session | undefined;
  readonly #update: Session;

  private constructor(
    sessions: readonly [forward: Session | undefined, accumulate: Session | undefined, update: Session],
    batches: number,
  ) {
    [this.#forward, this.#accumulate, this.#update] = sessions;
    this.batches = batches;
    const outputs = [...(this.#accumulate?.outputs ?? []), ...this.#update.outputs];
    this.state = outputs.flatMap(({ name, dtype, shape }) =>
      name.endsWith(NEXT) && !isSum(name) ? [{ name: name.slice(0, -NEXT.length), dtype, shape: shape as readonly number[] }] : [],
    );
    for (const needed of ['loss', 'gradientNorm']) {
      if (!outputs.some(({ name }) => name === needed))
        throw new VitaminError('USAGE', `Expected training graphs with an output "${needed}" but found none`);
    }
  }

  /** Loads the graphs. @throws VitaminError `USAGE` for graphs that are not those of a training step, and as `Session.create`. */
  static async create(graphs: StepGraphs, options: SessionOptions): Promise<Stepper> {
    const batches = 'step' in graphs ? 1 : graphs.batches;
    if (!Number.isInteger(batches) || batches < 1)
      throw new VitaminError('USAGE', `Expected a positive number of batches of a step but received ${batches}`);
    const models = [graphs.forward, 'step' in graphs ? undefined : graphs.accumulate, 'step' in graphs ? graphs.step : graphs.apply];
    const sessions: (Session | undefined)[] = [];
    try {
      for (const model of models) sessions.push(model && (await Session.create(model, options)));
      return new Stepper(sessions as [Session | undefined, Session | undefined, Session], batches);
    } catch (error) {
      for (const session of sessions) await session?.close();
      throw error;
    }
  }

  /**
   * One step. The new state takes the place of the old one in `tensors`, whose arrays go to the engine. Look at `whole` when this fails.
   *
   * @throws VitaminError `RUNTIME` when the loss or the norm of the gradients is not finite, `USAGE` for feeds that do not fit.
   */
  async run(tensors: Map<string, Tensor>, batches: readonly Batch[], rate: number): Promise<StepValues> {
    const scalars = { rate: scalar(rate), batches: scalar(this.batches) };
    const state = new Map(tensors);
    if (this.#accumulate) return this.#advance(tensors, state, scalars, await this.#addUp(this.#accumulate, state, batches));
    const feeds = await this.#feedsOf(batches[0]!, state);
    return this.#advance(tensors, state, { ...feeds, ...scalars }, {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of [this.#forward, this.#accumulate, this.#update]) await session?.close();
  }

  /** Feeds of a batch with the targets that its forward results lead to. */
  async #feedsOf({ feeds, targets }: Batch, state: ReadonlyMap<string, Tensor>): Promise<NamedTensors> {
    const main = this.#accumulate ?? this.#update;
    const known = new Set([...main.inputs, ...(this.#forward?.inputs ?? [])].map(({ name }) => name));
    const results = this.#forward && targets ? await targets(await this.#forward.run(pick(this.#forward, state, feeds))) : {};
    const all = { ...feeds, ...results };
    const unknown = Object.keys(all).find((name) => !known.has(name) || state.has(name));
    if (unknown !== undefined)
      throw new VitaminError('USAGE', `Expected feeds for inputs of the training graphs but received one for "${unknown}"`);
    return all;
  }

  /** Gradients of all batches, added to the state as `p:sum`. Returns the means of the scalars. */
  async #addUp(session: Session, state: Map<string, Tensor>, batches: readonly Batch[]): Promise<Record<string, number>> {
    for (const { name, shape } of session.inputs) if (isSum(name)) state.set(name, tensor('float32', shape as number[]));
    const means: Record<string, number> = {};
    for (const batch of batches) {
      const values = take(await session.run(pick(session, state, await this.#feedsOf(batch, state))), state);
      for (const [name, value] of Object.entries(values)) means[name] = (means[name] ?? 0) + value / batches.length;
    }
    return means;
  }

  /** The update. The state's arrays are handed over instead of copied; feeds are the caller's and copied first. */
  async #advance(
    tensors: Map<string, Tensor>,
    state: Map<string, Tensor>,
    feeds: NamedTensors,
    means: Readonly<Record<string, number>>,
  ): Promise<StepValues> {
    this.whole = false;
    const copies = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, copyOf(feed)]));
    const results = await this.#update.run(pick(this.#update, state, copies), { transfer: true });
    const values = finite({ ...means, ...take(results, state) });
    for (const name of tensors.keys()) tensors.set(name, state.get(name)!);
    this.whole = true;
    return values;
  }
}

const scalar = (value: number): Tensor => tensor('float32', [], new Float32Array([value]));

const isSum = (name: string): boolean => name.endsWith(':sum') || name.endsWith(`:sum${NEXT}`);

/** The feeds that a session declares, from its state and the batch. */
function pick(session: Session, state: ReadonlyMap<string, Tensor>, feeds: NamedTensors): NamedTensors {
  const found: Record<string, Tensor> = {};
  for (const { name } of session.inputs) {
    const value = state.get(name) ?? feeds[name];
    if (value) found[name] = value; // the session says which one is missing
  }
  return found;
}

/** Puts every `name:next` into the state and returns the scalars. */
function take(results: NamedTensors, state: Map<string, Tensor>): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(results)) {
    if (name.endsWith(NEXT)) state.set(name.slice(0, -NEXT.length), value);
    else if (value.data.length === 1) values[name] = Number(value.data[0]);
  }
  return values;
}

function finite(values: Readonly<Record<string, number>>): StepValues {
  for (const name of ['loss', 'gradientNorm']) {
    if (Number.isFinite(values[name])) continue;
    throw new VitaminError('RUNTIME', `Expected a finite ${name} but found ${values[name]}`, {
      hint: 'Lower the learning rate, lengthen the warm-up, or clip gradients. The saved state is as it was.',
    });
  }
  return values as StepValues;
}
