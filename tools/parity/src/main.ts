import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { VitaminError } from '@vitamin-vlm/core';
import { listProviders, type Provider } from '@vitamin-vlm/runtime';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Expectation } from './expectation.ts';
import type { GoldenResult } from './golden/golden.ts';
import { type GoldenOptions, type GoldenOutcome, isGolden, runGolden, runGoldenFolder } from './golden/run-golden.ts';
import { parseExpectations } from './parse-expectations.ts';
import { type ParityOptions, type ParityResult, runParity } from './run-parity.ts';

/** The files that come with the repository: every published size. */
const ownFiles = fileURLToPath(new URL('../expectations/', import.meta.url));

const program = new Command('parity')
  .description('Compares the networks, on weights made by formula, with values of the original programs.')
  .argument('[files...]', 'expectation files (JSON); without any, all of tools/parity/expectations')
  .addOption(new Option('--format <name>', 'checkpoint files to write').choices(['auto', 'torch', 'safetensors']).default('auto'))
  .option('--folder <dir>', 'where checkpoints are written, up to 2 GB at a time (clip: 4 GB); default: the folder for temporary files')
  .option('--threads <n>', 'threads of the runtime', positiveInteger)
  .option('--device <name>', 'engine to compute on, for files of expectations: cpu, webgpu, tfjs, tfjs-wasm, ... (default: cpu)')
  .addHelpText('after', '\nOne line per tensor on stdout. Exit code: 0 all pass, 1 some fail, 2 wrong usage or a file that cannot be read.')
  .exitOverride();

function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,3}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a positive whole number.');
}

async function main(): Promise<number> {
  program.parse();
  const { folder, device, ...settings } = program.opts<
    Pick<ParityOptions, 'format' | 'folder' | 'threads'> & { readonly device?: string }
  >();
  const files = program.args.length > 0 ? program.args.map(place) : await ownExpectations();
  const golden: (readonly [name: string, run: (options: GoldenOptions) => Promise<GoldenOutcome>])[] = [];
  const expectations: Expectation[] = [];
  for (const file of files) {
    const text = (await stat(file).catch(() => undefined))?.isDirectory() ? undefined : await readText(file);
    if (text === undefined) golden.push([basename(file), (options) => runGoldenFolder(file, options)]);
    else if (isGolden(text)) golden.push([basename(file), (options) => runGolden(text, options)]);
    else expectations.push(...parse(file, text));
  }
  if (device !== undefined) await checkDevice(device, golden.length);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const common = { ...settings, ...(folder === undefined ? {} : { folder: place(folder) }), signal: stop.signal };
  let failed = 0;
  for (const [name, run] of golden) failed += await checkGolden(name, run, common);
  if (expectations.length > 0) failed += await checkExpectations(expectations, { ...common, provider: device as Provider | undefined });
  return failed > 0 ? 1 : 0;
}

/** Says what the device is before anything is written. */
async function checkDevice(device: string, goldenFiles: number): Promise<void> {
  if (goldenFiles > 0)
    throw new VitaminError('USAGE', `Expected files of expectations beside --device but received ${goldenFiles} golden files`);
  const providers = await listProviders();
  const found = providers.find(({ name }) => name === device);
  if (!found?.available) {
    const names = providers.flatMap(({ name, available }) => (available ? [name] : []));
    throw new VitaminError('USAGE', `Expected --device ${names.join(' or ')} but received ${device}`, {
      hint: found?.note === undefined ? 'vitamin doctor lists the devices.' : `${device}: ${found.note}.`,
    });
  }
  console.error(`device ${device}${found.note === undefined ? '' : `: ${found.note}`}`);
}

async function checkGolden(name: string, run: (options: GoldenOptions) => Promise<GoldenOutcome>, options: GoldenOptions): Promise<number> {
  const started = Date.now();
  const onResult = (result: GoldenResult): void => console.log(lineOf({ subject: name, ...result }));
  const { results, compared } = await run({ ...options, onResult });
  const failed = results.filter(({ pass }) => !pass).length;
  console.error(`${name}: ${compared} values in ${results.length} members, ${failed} failed or not checked, ${secondsSince(started)} s`);
  return failed;
}

async function checkExpectations(expectations: readonly Expectation[], options: ParityOptions): Promise<number> {
  const started = Date.now();
  const results = await runParity(expectations, {
    ...options,
    onResult: (result) => console.log(lineOf(result)),
    onCheckpoint: ({ name, bytes, format }) => console.error(`${name}: ${(bytes / 1e6).toFixed(0)} MB of formula weights, ${format}`),
  });
  const failed = results.filter(({ pass }) => !pass).length;
  console.error(`${results.length} tensors, ${failed} failed, ${secondsSince(started)} s`);
  return failed;
}

function secondsSince(started: number): string {
  return ((Date.now() - started) / 1000).toFixed(0);
}

/** `npm run` changes into the root of the repository; paths are meant from where it was called. */
function place(path: string): string {
  const fromCaller = resolve(process.env['INIT_CWD'] ?? '.', path);
  return existsSync(fromCaller) ? fromCaller : resolve(path);
}

async function ownExpectations(): Promise<string[]> {
  return (await readdir(ownFiles)).filter((name) => name.endsWith('.json')).map((name) => resolve(ownFiles, name));
}

async function readText(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a readable file at ${file} but found none`, { cause });
  });
}

function parse(file: string, text: string): Expectation[] {
  try {
    return parseExpectations(text);
  } catch (error) {
    if (!(error instanceof VitaminError)) throw error;
    throw new VitaminError(error.code, `${basename(file)}: ${error.message}`, {
      ...(error.hint ? { hint: error.hint } : {}),
      cause: error,
    });
  }
}

function lineOf({ subject, field, pass, error, limit, at }: ParityResult): string {
  const verdict = pass ? 'ok  ' : 'FAIL';
  const amount = Number.isFinite(error) ? `error ${error.toExponential(1)} of ${limit.toExponential(0)}, ${at}` : at;
  return `${verdict}  ${`${subject}  ${field}`.padEnd(48)}  ${amount}`;
}

const usageCodes: readonly string[] = ['USAGE', 'MODEL_UNKNOWN', 'INPUT_NOT_FOUND', 'INPUT_UNREADABLE'];

process.exitCode = await main().catch((error: unknown) => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof VitaminError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  if (error.hint) console.error(error.hint);
  if (error.code === 'ABORTED') return 130;
  return usageCodes.includes(error.code) ? 2 : 1;
});
