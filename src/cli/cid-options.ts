import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  CID_CODECS,
  type CidCodec,
  type CidCodecName,
  type CidCodecOptions,
  CidFailure,
  cidCodec,
} from '../quic/index.js';
import { XdpError } from '../sys/index.js';
import { wholeNumber } from './arguments.js';

export interface CodecFlags {
  readonly codec?: CidCodecName;
  readonly position?: number;
  readonly idLength?: number;
  readonly idVersion?: 1 | 2 | 3;
  readonly serverId?: 'ip' | 'fixed';
  readonly offset?: number;
  readonly cibirLength?: number;
  readonly configId?: number;
  readonly serverIdLength?: number;
  readonly nonceLength?: number;
  readonly key?: Uint8Array;
  readonly prefix?: Uint8Array;
  readonly selfLength?: true;
}

/** Hexadecimal digits, with or without colons or 0x. */
export function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '').replaceAll(':', '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    throw new InvalidArgumentError('It must be hexadecimal digits, two for each byte.');
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** Which options are whose; `codec` itself is everybody's. */
const OWN_FLAGS: Readonly<Record<CidCodecName, readonly (keyof CodecFlags)[]>> = {
  cidv1: ['position', 'idLength'],
  katran: ['idVersion', 'idLength'],
  msquic: ['serverId'],
  cibir: ['offset', 'cibirLength', 'prefix'],
  'quic-lb': ['configId', 'serverIdLength', 'nonceLength', 'key', 'prefix', 'selfLength'],
};

export function addCodecOptions(command: Command): Command {
  return command
    .addOption(new Option('-c, --codec <name>', 'how the IDs are made').choices(CID_CODECS))
    .addOption(new Option('--key <hex>', 'quic-lb: AES key of 16 bytes; without it IDs are plain').argParser(hexBytes))
    .addOption(
      new Option('--server-id-length <n>', 'quic-lb: bytes of the server ID, 1 to 15').argParser(wholeNumber(1, 15)),
    )
    .addOption(new Option('--nonce-length <n>', 'quic-lb: bytes of the nonce, 4 to 18').argParser(wholeNumber(4, 18)))
    .addOption(new Option('--config-id <n>', 'quic-lb: configuration, 0 to 6 (default 0)').argParser(wholeNumber(0, 6)))
    .option('--self-length', 'quic-lb: the first byte tells the length')
    .addOption(
      new Option(
        '--prefix <hex>',
        'quic-lb, cibir: what long server IDs have before their last 4 bytes (default: zeros)',
      ).argParser(hexBytes),
    )
    .addOption(
      new Option('--position <n>', 'cidv1: where the server is, counted from 0 (default 2)').argParser(
        wholeNumber(1, 18),
      ),
    )
    .addOption(new Option('--id-version <n>', 'katran: version of new IDs (default 1)').argParser(wholeNumber(1, 3)))
    .addOption(
      new Option('--id-length <n>', 'cidv1, katran: bytes of new IDs (default 8)').argParser(wholeNumber(3, 20)),
    )
    .addOption(
      new Option('--server-id <kind>', 'msquic: what it is: ip (default), or fixed, a number').choices(['ip', 'fixed']),
    )
    .addOption(
      new Option('--offset <n>', 'cibir: where it begins: 2 (default), or 7 behind a server ID').argParser(
        wholeNumber(0, 19),
      ),
    )
    .addOption(new Option('--cibir-length <n>', 'cibir: bytes of it, 1 to 6').argParser(wholeNumber(1, 6)));
}

/** @throws XDP_ERR_USAGE for options that don't make a codec */
export function codecOf(flags: CodecFlags): CidCodec {
  return cidCodec(codecOptionsOf(flags));
}

/** @returns undefined when no option is about a codec */
export function optionalCodecOf(flags: CodecFlags): CidCodec | undefined {
  const some = Object.values(OWN_FLAGS).some((names) => names.some((name) => flags[name] !== undefined));
  return flags.codec === undefined && !some ? undefined : codecOf(flags);
}

function codecOptionsOf(flags: CodecFlags): CidCodecOptions {
  const { codec } = flags;
  if (codec === undefined) {
    const advice = `name one: --codec ${CID_CODECS.join(', ')}`;
    throw new XdpError('XDP_ERR_USAGE', 'without a codec an ID is only bytes', { advice });
  }
  const own = OWN_FLAGS[codec];
  const foreign = Object.values(OWN_FLAGS)
    .flat()
    .find((name) => flags[name] !== undefined && !own.includes(name));
  if (foreign !== undefined) {
    throw new XdpError('XDP_ERR_USAGE', `${flagText(foreign)} is no option of ${codec}`, {
      advice: `it has ${own.map(flagText).join(', ')}`,
    });
  }
  const { position, idLength, idVersion, serverId, offset, cibirLength, prefix } = flags;
  switch (codec) {
    case 'cidv1':
      return { codec, position, length: idLength };
    case 'katran':
      return { codec, version: idVersion, length: idLength };
    case 'msquic':
      return { codec, serverId };
    case 'cibir':
      return { codec, offset, idLength: needed(cibirLength, 'cibirLength', codec), prefix };
    case 'quic-lb': {
      const { configId, key, selfLength } = flags;
      const serverIdLength = needed(flags.serverIdLength, 'serverIdLength', codec);
      const nonceLength = needed(flags.nonceLength, 'nonceLength', codec);
      const config = { id: configId, serverIdLength, nonceLength, key, serverIdPrefix: prefix };
      return { codec, configs: [config], lengthSelfEncoding: selfLength };
    }
  }
}

function needed<T>(value: T | undefined, name: keyof CodecFlags, codec: CidCodecName): T {
  if (value !== undefined) return value;
  throw new XdpError('XDP_ERR_USAGE', `${codec} needs ${flagText(name)}`, {
    advice: 'it is part of what servers and load balancer agreed on',
  });
}

function flagText(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const FAILURES: Readonly<Record<CidFailure, string>> = {
  [CidFailure.tooShort]: 'too short',
  [CidFailure.otherVersion]: 'another version or configuration',
  [CidFailure.unroutable]: 'unroutable',
  [CidFailure.invalid]: 'invalid',
};

/** What a codec's result is, in words: `server 7`, or why there is none. */
export function serverText(server: number): string {
  return server >= 0 ? `server ${server}` : `no server: ${FAILURES[server as CidFailure]}`;
}

/** The same for JSON. */
export function serverJson(server: number): object {
  return server >= 0 ? { server } : { server: null, reason: FAILURES[server as CidFailure] };
}
