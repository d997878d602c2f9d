import { describe, expect, it } from 'vitest';
import { shardOfArrayTask } from '../src/index.ts';

const slurm = (id: number, min: number, max: number, count: number): Record<string, string> => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_MAX: String(max),
  SLURM_ARRAY_TASK_COUNT: String(count),
});

describe('the shard of a task', () => {
  it.each([
    ['auto', slurm(1, 1, 20, 20), { index: 1, count: 20 }],
    ['auto', slurm(20, 1, 20, 20), { index: 20, count: 20 }],
    ['auto/20', slurm(7, 3, 7, 2), { index: 7, count: 20 }], // --array=3,7: those that had failed
    ['auto/20', { JOB_COMPLETION_INDEX: '0' }, { index: 1, count: 20 }],
    ['auto/20', { JOB_COMPLETION_INDEX: '19' }, { index: 20, count: 20 }],
    ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '10000' }, { index: 1, count: 10_000 }],
    ['auto/3', { AWS_BATCH_JOB_ARRAY_INDEX: '2', AWS_BATCH_JOB_ARRAY_SIZE: '3' }, { index: 3, count: 3 }],
  ])('%s with %o', (text, variables, shard) => {
    expect(shardOfArrayTask(text, variables)).toEqual(shard);
  });

  it.each([
    ['auto', {}, 'found none of their variables'],
    ['auto', { JOB_COMPLETION_INDEX: '0' }, "beside Kubernetes's index but received auto"],
    ['auto', slurm(7, 3, 7, 2), "beside Slurm's index but received auto"],
    ['auto', slurm(5, 0, 19, 20), "beside Slurm's index but received auto"], // counts from 0: shard 0 would be none
    ['auto/20', slurm(0, 0, 19, 20), 'received "0/20 (auto/20, by Slurm)"'],
    ['auto/20', { JOB_COMPLETION_INDEX: '20' }, 'received "21/20 (auto/20, by Kubernetes)"'],
    ['auto/20', { JOB_COMPLETION_INDEX: 'x' }, 'Expected a whole number in JOB_COMPLETION_INDEX but found "x"'],
  ])('refuses %s with %o', (text, variables, message) => {
    expect(() => shardOfArrayTask(text, variables)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });

  it.each(['1/4', 'auto/', 'automatic', ''])('leaves %j to others', (text) => {
    expect(shardOfArrayTask(text, { JOB_COMPLETION_INDEX: '0' })).toBeUndefined();
  });
});
