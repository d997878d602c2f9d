import { tensor } from '@vitamin-vlm/core';
import { listProviders, probeGuestEngine, runtimeInfo, Session, type Provider } from '@vitamin-vlm/runtime';
import { expect, it } from 'vitest';

import { doublingModel, slowModel } from './models.ts';

it('lists what the build offers, and why the rest is missing', async () => {
  const providers = await listProviders();
  expect(providers.find(({ name }) => name === 'cpu')).toEqual({ name: 'cpu', available: true, note: undefined });
  for (const { available, note } of providers) if (!available) expect(note).toBeTruthy();
});

it.each(['worker', 'inline'] as const)('refuses provider names that would silently run on the CPU (%s)', async (execution) => {
  for (const provider of ['openvino', 'CPU', 'webgl', 'xnnpack', 'toString', '']) {
    await expect(Session.create(doublingModel(1, 1), { provider: provider as Provider, execution })).rejects.toMatchObject({
      name: 'VitaminError',
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/^Expected one of the providers cpu.* but received "/),
    });
  }
});

it('refuses known providers whose libraries are not installed', async (context) => {
  const missing = (await listProviders()).filter(({ available }) => !available);
  context.skip(missing.length === 0, 'every provider of this build is installed');
  for (const { name, note } of missing) {
    const error = await Session.create(doublingModel(1, 1), { provider: name as Provider }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: `${name}: ${note}.` });
  }
});

it('computes the same on WebGPU', async (context) => {
  const driver = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
  context.skip(!driver, 'no Vulkan driver is named by VK_ICD_FILENAMES or VK_DRIVER_FILES');
  const x = tensor(
    'float32',
    [64, 64],
    Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
  );
  for (let round = 0; round < 2; round++) {
    await using session = await Session.create(slowModel(64, 3), { provider: 'webgpu' });
    const { y } = await session.run({ x });
    y!.data.forEach((value, i) => expect(value).toBeCloseTo(x.data[i]!, 5));
    expect(await session.run({ x }, { transfer: false })).toEqual({ y });
  }
});

it('describes the runtime', async () => {
  const info = await runtimeInfo();
  expect(info.onnxruntime).toBe('1.30.0');
  expect(info.defaultThreads).toBeLessThanOrEqual(info.cores);
  expect(info.providers).toEqual(await listProviders());
  expect(Object.keys(info.memoryEnvironment)).toEqual(['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_']);
});

it('looks for the guest engine without needing it', async () => {
  const guest = await probeGuestEngine();
  expect(guest.name).toBe('@tensorflow/tfjs-node-gpu');
  expect(guest.detail).toBeTruthy();
  if (!guest.installed) expect(guest.detail).toMatch(/not installed|does not load/);
});
