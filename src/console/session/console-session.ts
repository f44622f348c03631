import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Interpreter, LineResult } from '../interpreter/interpreter.js';
import { LineSplitter } from './line-splitter.js';
import { type Answer, encode, LONGEST_REQUEST, parseRequest } from './protocol.js';

/** Serves one console until it hangs up, or says what nobody understands. Never rejects. */
export async function serveSession(socket: Socket, interpreter: Interpreter): Promise<void> {
  const splitter = new LineSplitter(LONGEST_REQUEST);
  try {
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      for (const text of splitter.feed(chunk)) {
        const answers = await answersTo(interpreter, text);
        await send(socket, answers);
        if (answers.at(-1)!.type === 'refused') return;
        // However much one console asks for, the others have their turn, and so has the process.
        await turn();
      }
      if (splitter.isTooLong) {
        await send(socket, [{ type: 'refused', message: `a request may have at most ${LONGEST_REQUEST} bytes` }]);
        return;
      }
    }
  } catch {
    // The connection broke, which is no error here.
  } finally {
    socket.destroySoon();
  }
}

async function answersTo(interpreter: Interpreter, text: string): Promise<Answer[]> {
  const request = parseRequest(text);
  if (request === undefined) return [{ type: 'refused', message: 'this is no request' }];
  if (request.type === 'names') return [{ type: 'names', names: interpreter.entries().map(({ name }) => name) }];
  const result = interpreter.run(request.line);
  const failure = result.failure ?? (await result.rest);
  return answersOf({ ...result, ...(failure && { failure }) }, request.data);
}

function answersOf({ outputs, notices, failure }: LineResult, data: boolean): Answer[] {
  return [
    ...outputs.map(
      (output): Answer =>
        data ? { type: 'report', word: output.word, data: output.data } : { type: 'text', lines: output.lines },
    ),
    ...notices.map((message): Answer => ({ type: 'notice', message })),
    { type: 'done', ...(failure && { failure }) },
  ];
}

/** Sends it all, and waits while the console takes nothing. */
async function send(socket: Socket, answers: readonly Answer[]): Promise<void> {
  if (socket.write(answers.map(encode).join(''))) return;
  const over = new AbortController();
  const { signal } = over;
  const broken = once(socket, 'close', { signal }).then(() => {
    throw new Error('the console hung up');
  });
  await Promise.race([once(socket, 'drain', { signal }), broken]).finally(() => over.abort());
}
