import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { cgroupLimits, defaultThreads } from '@vitamin-vlm/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vitamin-cgroup-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A made-up file tree as the kernel shows it; returns what is read from it. */
async function limitsOf(files: Record<string, string>): Promise<unknown> {
  const tree = await mkdtemp(join(root, 'tree-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  return cgroupLimits(tree);
}

const V2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';

it('reads version 2 in a container that sees its own group as the root', async () => {
  const limits = await limitsOf({
    'proc/self/mountinfo': V2,
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/cpu.max': '150000 100000\n',
    'sys/fs/cgroup/memory.max': '1073741824\n',
  });
  expect(limits).toEqual({ cpuQuota: 1.5, memoryLimit: 2 ** 30 });
});

it('takes the tightest limit of a group and those above it', async () => {
  const limits = await limitsOf({
    'proc/self/mountinfo': V2,
    'proc/self/cgroup': '0::/user.slice/job:1\n',
    'sys/fs/cgroup/user.slice/job:1/cpu.max': '800000 100000\n',
    'sys/fs/cgroup/user.slice/job:1/memory.max': 'max\n',
    'sys/fs/cgroup/user.slice/cpu.max': '200000 100000\n',
    'sys/fs/cgroup/user.slice/memory.max': '4096\n',
  });
  expect(limits).toEqual({ cpuQuota: 2, memoryLimit: 4096 });
});

it('reads version 1, where the mount shows a part of the host tree and controllers are mounted together', async () => {
  const limits = await limitsOf({
    'proc/self/mountinfo':
      '40 31 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n' +
      '41 31 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
    'proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '536870912\n',
  });
  expect(limits).toEqual({ cpuQuota: 3, memoryLimit: 2 ** 29 });
});

it('knows no limit where there is none, in either version or without cgroups', async () => {
  const none = { cpuQuota: undefined, memoryLimit: undefined };
  expect(await limitsOf({})).toEqual(none);
  expect(await limitsOf({ 'proc/self/mountinfo': V2, 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' })).toEqual(
    none,
  );
  const v1 = await limitsOf({
    'proc/self/mountinfo': '40 31 0:30 / /c ro - cgroup cgroup rw,cpu\n41 31 0:31 / /m ro - cgroup cgroup rw,memory\n',
    'proc/self/cgroup': '2:cpu:/\n3:memory:/\n',
    'c/cpu.cfs_quota_us': '-1\n',
    'c/cpu.cfs_period_us': '100000\n',
    'm/memory.limit_in_bytes': '9223372036854771712\n',
  });
  expect(v1).toEqual(none);
});

it('uses at least one thread and never more than the cores', () => {
  const threads = defaultThreads();
  expect(Number.isInteger(threads)).toBe(true);
  expect(threads).toBeGreaterThanOrEqual(1);
  expect(threads).toBeLessThanOrEqual(availableParallelism());
});
