/** Runs in the guest, on its behalf: programs that the host asks for, as job.ts tells. Argument: the shared folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants, release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, TOO_LATE } from './job.js';

const folder = process.argv[2]!;
const running = new Map<string, ChildProcess>();

/** A file that others never see half written. */
function put(name: string, text: string): void {
  writeFileSync(`${folder}/.${name}`, text);
  renameSync(`${folder}/.${name}`, `${folder}/${name}`);
}

/** Children as well: each job has a process group of its own. */
function signal(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid !== undefined) process.kill(-child.pid, signal);
}

function start(name: string): void {
  const { command, env, seconds } = JSON.parse(readFileSync(`${folder}/${name}.job`, 'utf8')) as Job;
  rmSync(`${folder}/${name}.job`);
  const [out, err] = ['out', 'err'].map((stream) => openSync(`${folder}/${name}.${stream}`, 'a'));
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', out, err],
    env: { ...process.env, ...env },
    detached: true,
  });
  running.set(name, child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    signal(child, 'SIGKILL');
  }, seconds * 1000);
  const over = (status: number) => {
    clearTimeout(timer);
    if (running.delete(name)) put(`${name}.exit`, `${status}`);
  };
  child.once('error', (error) => {
    put(`${name}.err`, `${error}`);
    over(127);
  });
  child.once('exit', (code, signal) => over(late ? TOO_LATE : (code ?? 128 + constants.signals[signal!])));
}

put('ready', release());
while (!existsSync(`${folder}/off`)) {
  for (const file of readdirSync(folder)) {
    const [, name, kind] = /^([^.]+)\.(job|signal)$/.exec(file) ?? [];
    if (name === undefined) continue;
    if (kind === 'job') start(name);
    else {
      signal(running.get(name), readFileSync(`${folder}/${file}`, 'ascii') as NodeJS.Signals);
      rmSync(`${folder}/${file}`);
    }
  }
  // To look takes the emulated guest tens of milliseconds.
  await sleep(500);
}
process.exit();
