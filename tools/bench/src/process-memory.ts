import { readFileSync } from 'node:fs';

/** Memory of this process in bytes. */
export interface ProcessMemory {
  /** Largest resident memory so far. */
  readonly peak: number;
  /** Of what is resident now: mapped files. Linux only. */
  readonly mapped?: number;
}

/** On Linux from the kernel's page about the process: the maximum that `resourceUsage` gives counts the parent that started it as well. */
export function processMemory(): ProcessMemory {
  if (process.platform !== 'linux') return { peak: process.resourceUsage().maxRSS * 1024 };
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (key: string): number => 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)![1]);
  return { peak: bytes('VmHWM'), mapped: bytes('RssFile') };
}
