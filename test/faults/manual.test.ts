import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingText } from '../../dist/control/index.js';
import { FAULT_COUNTERS, FAULT_SETTINGS, LOGGED_FAULTS } from '../../dist/faults/index.js';

const manual = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');

test('the table of the manual has every setting, as it is defined', () => {
  const rows = manual
    .split('\n')
    .filter((line) => /^\| `\w+` \| `fault\./.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, 6)
        .map((cell) => cell.trim()),
    );
  expect(rows).toEqual(
    Object.entries(FAULT_SETTINGS).map(([name, setting]) => {
      const { word, unit, min, max, initial, choices } = setting;
      const range = choices?.join(', ') ?? `${min} to ${max}`;
      return [`\`${name}\``, `\`${word}\``, unit, range, settingText(setting, initial)];
    }),
  );
});

test('the manual names every counter and every fault that is logged', () => {
  for (const name of [...FAULT_COUNTERS, ...LOGGED_FAULTS]) expect(manual).toContain(`\`${name}\``);
});
