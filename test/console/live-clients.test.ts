// needs: ip, ping, nsenter
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findConsole, seededRandom } from '../../dist/console/index.js';
import { Running, XDPKIT } from '../e2e/running.js';
import { expectWhole } from '../e2e/test-bed.js';
import { LiveBed } from './live-bed.js';

const LONG = process.env['XDPKIT_LONG'] === '1';
let live: LiveBed;
beforeEach(async () => {
  live = await LiveBed.open();
});
afterEach(() => live?.[Symbol.asyncDispose]());

test(
  'consoles that are killed in the middle neither stop nor harm the bridge',
  async () => {
    const random = seededRandom(9);
    await using pings = new Running(['ping', '-n', '-i', '0.005', '-W', '1', live.bed.addresses[1].v4], {
      netns: live.bed.hosts[0],
    });
    // The command, killed while it starts, asks and prints.
    for (let i = 0; i < (LONG ? 50 : 4); i++) {
      await using console = new Running([...XDPKIT, 'console', '-c', '"if.stats .i" a !! a a a a a a a a']);
      await sleep(random() % 600);
      console.kill('SIGKILL');
      await console.end();
    }
    // A session that goes away at any byte of a request, or while it is answered.
    const { path } = await findConsole();
    const request = `${JSON.stringify({ type: 'run', line: '20 fault.drop.propability 0 fault.drop.propability .i if.stats', data: true })}\n`;
    for (let i = 0; i < (LONG ? 20_000 : 300); i++) {
      const socket = connect(path).on('error', () => {});
      socket.write(request.repeat(random() % 20).concat(request.slice(0, random() % request.length)));
      if (random() % 2) await sleep(random() % 5);
      socket.destroy();
      await new Promise((resolve) => socket.on('close', resolve));
    }
    expect(await live.value('fault.status', 'drop probability')).toBe('0 (0.000%)');
    pings.kill('SIGINT');
    const { stdout } = await pings.end();
    const [, sent, answered] = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!.map(Number);
    expect(sent).toBeGreaterThan(50);
    // No interface injects faults, whatever was said. The last answer may be under way.
    expect(sent! - answered!).toBeLessThanOrEqual(1);
    expect(live.bridge.isOver).toBe(false);
    expectWhole(await live.bridge.stop());
  },
  LONG ? 600_000 : 60_000,
);
