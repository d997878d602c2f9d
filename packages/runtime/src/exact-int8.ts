import { readFileSync } from 'node:fs';

/**
 * Whether products of 8 bits need care: x64 processors without VNNI add two of them up in 16 bits, where the largest ones overflow. ONNX Runtime
 * then takes its exact way, which is slower and which it would take on any processor once told to. What is not known counts as without.
 *
 * @param cpuInfo - What Linux says about the processor; other systems say nothing.
 */
export function needsExactInt8(arch: string = process.arch, cpuInfo: string = readCpuInfo()): boolean {
  return arch === 'x64' && !/^flags\s*:.*\bavx(?:512)?_vnni\b/mu.test(cpuInfo);
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
