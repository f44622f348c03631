import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HELPER_NAMES, Helper } from '../../dist/ebpf/index.js';

const HEADER = '/usr/include/linux/bpf.h';

it('has every helper once', () => {
  expect(HELPER_NAMES).toHaveLength(212);
  expect(new Set(HELPER_NAMES).size).toBe(212);
});

it.for(Object.entries(Helper))('numbers %s as the kernel does', ([name, number]) => {
  expect(HELPER_NAMES[number]).toBe(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
});

it(`agrees with ${HEADER}, which may be older`, ({ skip }) => {
  if (!process.env['XDPKIT_ALL_TOOLS']) skip(!existsSync(HEADER), 'linux-libc-dev is not installed');
  const names = [...readFileSync(HEADER, 'utf8').matchAll(/^\s+FN\((\w+)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(100);
  expect(HELPER_NAMES.slice(0, names.length)).toEqual(names);
});
