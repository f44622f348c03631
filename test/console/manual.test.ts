import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NOW, session } from './session.js';

const manual = readFileSync(new URL('../../docs/console.md', import.meta.url), 'utf8');

test('the manual has every word, as its definition has it', () => {
  const rows = session()
    .words.map(({ name, stack, help }) => `| \`${name}\` | \`${stack}\` | ${help} |`)
    .sort();
  const table = ['| Word | Stack | |', '|---|---|---|', ...rows].join('\n');
  expect(manual).toContain(`\n${table}\n\n`);
});

test('the session in the manual goes as it is written there', () => {
  const transcript = /^```rpcl\n(.*?)^```$/ms.exec(manual)![1]!;
  const { control, run } = session();
  const entries = [
    { mac: '02:00:00:00:00:01', packets: 12, bytes: 720, lastSeen: NOW - 2000 },
    { mac: '00:23:7d:86:71:ff', packets: 1234, bytes: 102_400, lastSeen: NOW - 500 },
  ];
  control.macTable = { entries, overflow: 0 };
  const played = transcript
    .split('\n')
    .filter((line) => line.startsWith('ok '))
    .flatMap((line) => {
      const { outputs, notices, failure } = run(line.slice(3));
      return [line, ...outputs.flatMap(({ lines }) => lines), ...notices, ...(failure ? [failure.message] : [])];
    });
  expect(`${played.join('\n')}\n`).toBe(transcript);
});
