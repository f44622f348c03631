import type { z } from 'zod';
import { XdpError } from '../../sys/index.js';
import { findings, type Path } from './findings.js';
import { RuleFile } from './rule-file.js';
import { problemText } from './rules-error.js';

/**
 * Reads a YAML or JSON text that has to fit a schema: for other files than rules.
 *
 * @param file what messages call it
 * @throws XDP_ERR_USAGE with everything that is wrong, by file, line and column
 */
export function readText<T>(text: string, schema: z.ZodType<T>, file: string): T {
  const document = new RuleFile(text);
  const { problems } = document;
  if (problems.length > 0) refuse(problems.map((problem) => problemText({ file, path: '', ...problem })));
  const value = document.value();
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const found = findings(result.error.issues, value).map(({ path, key, message }) => {
    const place = document.locate(path, key);
    return {
      line: place?.line ?? 0,
      text: problemText({ file, path: '', ...place, message: `${subject(path)} ${message}` }),
    };
  });
  return refuse(found.sort((a, b) => a.line - b.line).map((each) => each.text));
}

function refuse(lines: readonly string[]): never {
  throw new XdpError('XDP_ERR_USAGE', lines.join('\n'));
}

/** `backends[1].weight` */
function subject(path: Path): string {
  if (path.length === 0) return 'it';
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`))
    .join('');
}
