import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, posix } from 'node:path';

/** What the control groups allow this process. `undefined` = no limit, or not Linux. */
export interface CgroupLimits {
  /** CPU time per wall time, in cores; fractions occur (`docker --cpus 1.5`). */
  readonly cpuQuota: number | undefined;
  /** Bytes. */
  readonly memoryLimit: number | undefined;
}

/** cgroup v1 says "no limit" with the largest multiple of the page size below 2^63. */
const UNLIMITED_V1 = 2 ** 62;

interface Mount {
  readonly root: string;
  readonly point: string;
}

// procfs and cgroupfs are memory, not disk: reading them synchronously takes microseconds.
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Finds the mounts in /proc/self/mountinfo: fields 4 (root), 5 (mount point), then " - type source options" (proc(5)). */
function findMount(mountInfo: string, matches: (type: string, options: string[]) => boolean): Mount | undefined {
  for (const line of mountInfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, point] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    if (root !== undefined && point !== undefined && matches(type, options.split(','))) return { root, point };
  }
  return undefined;
}

/** The folder of the process's group and of each group above it: the tightest limit on the way up holds. */
function groupFolders(rootDir: string, mount: Mount, group: string): string[] {
  // In a container the group may be named from the host's root, of which the mount shows only a part.
  const prefix = mount.root === '/' ? '' : mount.root;
  const inside = group === prefix || group.startsWith(`${prefix}/`) ? group.slice(prefix.length) : '/';
  const folders: string[] = [];
  for (let path = posix.join('/', inside); ; path = posix.dirname(path)) {
    folders.push(join(rootDir, mount.point, path));
    if (path === '/') return folders;
  }
}

function tightest(folders: readonly string[], read: (folder: string) => number | undefined): number | undefined {
  const limits = folders.map(read).filter((limit) => limit !== undefined && Number.isFinite(limit) && limit > 0);
  return limits.length > 0 ? Math.min(...(limits as number[])) : undefined;
}

function cpuMax(folder: string): number | undefined {
  const [quota, period] = readText(join(folder, 'cpu.max'))?.trim().split(' ') ?? [];
  return quota === undefined || quota === 'max' ? undefined : Number(quota) / Number(period ?? 100_000);
}

function cfsQuota(folder: string): number | undefined {
  const quota = Number(readText(join(folder, 'cpu.cfs_quota_us')) ?? -1);
  return quota > 0 ? quota / Number(readText(join(folder, 'cpu.cfs_period_us')) ?? 100_000) : undefined;
}

function memoryMax(folder: string): number | undefined {
  const text = readText(join(folder, 'memory.max'))?.trim();
  return text === undefined || text === 'max' ? undefined : Number(text);
}

function memoryLimitV1(folder: string): number | undefined {
  const limit = Number(readText(join(folder, 'memory.limit_in_bytes')) ?? UNLIMITED_V1);
  return limit < UNLIMITED_V1 ? limit : undefined;
}

/**
 * Reads the CPU and memory limits of this process's control group, version 1 or 2, and of every group above it.
 *
 * @param rootDir folder that stands for `/`; tests give a made-up tree.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max, memory.max) and cgroup-v1 (cpu.cfs_quota_us)
 */
export function cgroupLimits(rootDir: string = '/'): CgroupLimits {
  const mountInfo = readText(join(rootDir, 'proc/self/mountinfo')) ?? '';
  const groups = (readText(join(rootDir, 'proc/self/cgroup')) ?? '').split('\n').map((line) => line.split(':'));
  // Lines read "id:controllers:path"; version 2 is the one with no controllers. A path may hold colons.
  const foldersOf = (controller: string, mount: Mount | undefined): string[] => {
    const group = groups
      .find(([, controllers]) => controllers?.split(',').includes(controller))
      ?.slice(2)
      .join(':');
    return mount && group !== undefined ? groupFolders(rootDir, mount, group) : [];
  };
  const v2 = foldersOf(
    '',
    findMount(mountInfo, (type) => type === 'cgroup2'),
  );
  const v1 = (controller: string): string[] =>
    foldersOf(
      controller,
      findMount(mountInfo, (type, options) => type === 'cgroup' && options.includes(controller)),
    );
  return {
    cpuQuota: tightest(v2, cpuMax) ?? tightest(v1('cpu'), cfsQuota),
    memoryLimit: tightest(v2, memoryMax) ?? tightest(v1('memory'), memoryLimitV1),
  };
}

/**
 * Threads that a session uses unless told otherwise: the cores this process may run on, and no more than its cgroup's quota
 * pays for (rounded down, at least 1: a thread beyond the quota gets all of them throttled).
 *
 * @example
 * ```ts
 * import { defaultThreads } from '@vitamin-vlm/runtime';
 * console.log(defaultThreads()); // 2 in a container started with --cpus 2.5 on a large machine
 * ```
 */
export function defaultThreads(): number {
  const { cpuQuota } = cgroupLimits();
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota ?? Number.POSITIVE_INFINITY)));
}
