import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hubCacheDir } from '@vitamin-vlm/checkpoint';
import type { Context } from '../command.ts';
import { longName, variableOf } from '../flag-table.ts';
import { globalFlags } from '../flags.ts';

/** A setting, what it is, and what decided it. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  /** `--threads`, `VITAMIN_THREADS`, `HF_HUB_OFFLINE`, ... or `default`. */
  readonly source: string;
}

/** The flags of every command, then what the variables of the Hub and of terminals decide. */
export function settingsOf({ flags, sourceOf }: Pick<Context, 'flags' | 'sourceOf'>): Setting[] {
  const { output: _, ...shown } = globalFlags;
  const own = Object.entries(shown).map(([name, { kind }]): Setting => {
    const value = flags[name as keyof typeof shown];
    const source = { cli: longName(name), env: variableOf(name), default: 'default' }[sourceOf(name)];
    return { name: longName(name).slice(2), value: kind === 'switch' || value !== undefined ? describeValue(value) : '-', source };
  });
  return [...own, ...hubSettings(flags), ...terminalSettings()];
}

/** Order as the Hub's own clients have it: flag, then variable, then default. */
function hubSettings({ offline, cacheDir }: Context['flags']): Setting[] {
  const offlineBy = offline ? '--offline or VITAMIN_OFFLINE' : firstSet(['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'], isOn);
  const cacheBy = cacheDir === undefined ? firstSet(['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME', 'XDG_CACHE_HOME']) : 'cache-dir';
  const endpointBy = firstSet(['HF_ENDPOINT']);
  return [
    { name: 'hub offline', value: describeValue(offlineBy !== 'default'), source: offlineBy },
    { name: 'hub cache', value: cacheDir === undefined ? hubCacheDir() : join(cacheDir, 'hub'), source: cacheBy },
    { name: 'hub endpoint', value: process.env['HF_ENDPOINT'] ?? 'https://huggingface.co', source: endpointBy },
    hubToken(),
  ];
}

/** Whether there is a token, never which. */
function hubToken(): Setting {
  if (isOn(process.env['HF_HUB_DISABLE_IMPLICIT_TOKEN']))
    return { name: 'hub token', value: 'none', source: 'HF_HUB_DISABLE_IMPLICIT_TOKEN' };
  const source = firstSet(['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']);
  if (source !== 'default') return { name: 'hub token', value: 'set', source };
  const file = process.env['HF_TOKEN_PATH'] ?? join(hubCacheDir(), '..', 'token');
  return { name: 'hub token', value: existsSync(file) ? 'set' : 'none', source: existsSync(file) ? file : 'default' };
}

function terminalSettings(): Setting[] {
  return ['HF_HUB_DISABLE_PROGRESS_BARS', 'NO_COLOR', 'FORCE_COLOR', 'CI', 'HTTPS_PROXY']
    .filter((name) => process.env[name])
    .map((name) => ({ name, value: 'set', source: name })); // values not shown: the address of a proxy may hold a password
}

function firstSet(names: readonly string[], counts: (value: string | undefined) => boolean = Boolean): string {
  return names.find((name) => counts(process.env[name]?.trim())) ?? 'default';
}

function isOn(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/iu.test(value?.trim() ?? '');
}

function describeValue(value: string | number | boolean | undefined): string {
  if (value === undefined || value === false) return 'off';
  return value === true ? 'on' : String(value);
}
