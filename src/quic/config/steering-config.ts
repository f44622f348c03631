import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readText } from '../../rules/index.js';
import { XdpError } from '../../sys/index.js';
import type { SteeredBackendOptions } from '../backend/steered-interface.js';
import { cidCodec } from '../cid/cid-codec.js';
import type { CidCodec } from '../cid/codec.js';
import { type ConfigFile, configSchema } from './config-schema.js';

/** What a configuration file says: what {@link openSteering} takes, as far as a file can tell it. */
export interface SteeringConfig extends Omit<ConfigFile, 'codec' | 'backends'> {
  readonly codec: CidCodec;
  readonly backends: readonly SteeredBackendOptions[];
  /** All but the backends, as text: it is the same for files that say the same. */
  readonly fixed: string;
}

/**
 * Reads a configuration, YAML or JSON: see docs/quic-backends.md. Paths of modules are relative to the file.
 *
 * @throws XDP_ERR_USAGE with everything that is wrong, by file, line and column
 */
export function readSteeringConfig(text: string, file: string): SteeringConfig {
  const { backends, codec, ...rest } = readText(text, configSchema, file);
  const folder = dirname(resolve(file));
  try {
    return {
      ...rest,
      codec: cidCodec(codec),
      backends: backends.map(({ module, ...backend }) => {
        return module === undefined ? backend : { ...backend, module: pathToFileURL(resolve(folder, module)).href };
      }),
      fixed: JSON.stringify({ codec, ...rest }),
    };
  } catch (cause) {
    // What the codec's own checks find is about the file, too.
    if (!(cause instanceof XdpError)) throw cause;
    throw new XdpError('XDP_ERR_USAGE', `${file}: codec: ${cause.message}`, { cause });
  }
}

/** @throws XDP_ERR_USAGE when it can't be read, and as {@link readSteeringConfig} */
export function loadSteeringConfig(file: string): SteeringConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new XdpError('XDP_ERR_USAGE', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
  return readSteeringConfig(text, file);
}
