import { access, constants, stat } from 'node:fs/promises';
import { hubCacheDir } from '@vitamin-vlm/checkpoint';
import { VitaminError } from '@vitamin-vlm/core';
import { probeTensorflow } from '@vitamin-vlm/engine-tfjs';
import { defaultCacheDir, memoryEnvironment, runtimeInfo, type RuntimeInfo } from '@vitamin-vlm/runtime';
import type { Context } from '../command.ts';
import { hubFolder } from '../model.ts';
import { formatBytes, table } from '../text.ts';
import { settingsOf } from './settings.ts';

/** Folders where things are kept. */
interface Folder {
  readonly use: string;
  readonly path: string;
  readonly state: 'writable' | 'read-only' | 'not there yet';
}

/** Prints the state of runtime, guest engine, folders and settings. Status 1 when ONNX Runtime does not work. */
export async function examine(context: Context): Promise<number> {
  const { cacheDir } = context.flags;
  const runtime = await runtimeInfo().catch((error: unknown) => {
    if (error instanceof VitaminError) return error;
    throw error;
  });
  const folders = [
    await folder('graphs and words', cacheDir ?? defaultCacheDir()),
    await folder('weights (shared with Python)', cacheDir === undefined ? hubCacheDir() : hubFolder(cacheDir)),
  ];
  const guest = await probeTensorflow();
  const settings = settingsOf(context);
  const broken = runtime instanceof VitaminError;
  const document = {
    runtime: broken ? { error: runtime.message, hint: runtime.hint ?? null } : runtime,
    guestEngine: guest,
    folders,
    settings,
  };
  const text = [
    section('Runtime', broken ? [['onnxruntime', `${runtime.message} ${runtime.hint ?? ''}`]] : runtimeRows(runtime)),
    section('Guest engine', [
      [guest.name, guest.installed ? `installed, ${guest.detail}` : guest.detail],
      ['', guest.requirement],
    ]),
    section(
      'Folders',
      folders.map(({ use, path, state }) => [use, path, state]),
    ),
    section(
      'Settings',
      settings.map(({ name, value, source }) => [name, value, source]),
    ),
  ];
  await context.output.whole(text.join('\n\n'), document, context.writer);
  return broken ? 1 : 0;
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `${title}\n${table(rows).replaceAll(/^/gmu, '  ')}`;
}

function runtimeRows(info: RuntimeInfo): string[][] {
  const { cpuQuota, memoryLimit } = info.cgroup;
  const memory = Object.entries(memoryEnvironment).map(
    ([name, value]) => `${name}=${value} ${info.memoryEnvironment[name] ? 'set' : 'not set'}`,
  );
  return [
    ['node', info.node],
    ['onnxruntime', info.onnxruntime],
    ['platform', info.platform],
    ['processor', `${info.cpu}, ${info.cores} cores`],
    ['cgroup', `${cpuQuota ?? 'no limit on'} cores, ${memoryLimit === undefined ? 'no limit on' : formatBytes(memoryLimit)} memory`],
    ['threads', `${info.defaultThreads} unless --threads says otherwise`],
    ...info.providers.map(({ name, available, note }) => [
      `device ${name}`,
      `${available ? 'available' : 'not available'}${note ? `: ${note}` : ''}`,
    ]),
    ['for servers', memory.join(', ')],
  ];
}

async function folder(use: string, path: string): Promise<Folder> {
  if (!(await stat(path).catch(() => undefined))) return { use, path, state: 'not there yet' };
  const writable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { use, path, state: writable ? 'writable' : 'read-only' };
}
