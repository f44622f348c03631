import { XdpError } from '../../sys/index.js';
import { Cibir, type CibirOptions } from './cibir.js';
import { CidV1, type CidV1Options } from './cidv1.js';
import type { CidCodec } from './codec.js';
import { Katran, type KatranOptions } from './katran.js';
import { MsQuic, type MsQuicOptions } from './msquic.js';
import { QuicLb, type QuicLbOptions } from './quic-lb.js';

/** A codec as data. */
export type CidCodecOptions = CidV1Options | KatranOptions | MsQuicOptions | CibirOptions | QuicLbOptions;
export type CidCodecName = CidCodecOptions['codec'];
export const CID_CODECS = ['cidv1', 'katran', 'msquic', 'cibir', 'quic-lb'] as const;

/** @throws XDP_ERR_USAGE for values that don't make a codec */
export function cidCodec(options: CidCodecOptions): CidCodec {
  switch (options.codec) {
    case 'cidv1':
      return new CidV1(options);
    case 'katran':
      return new Katran(options);
    case 'msquic':
      return new MsQuic(options);
    case 'cibir':
      return new Cibir(options);
    case 'quic-lb':
      return new QuicLb(options);
    default: {
      const { codec } = options as { readonly codec: unknown };
      throw new XdpError('XDP_ERR_USAGE', `there is no codec ${JSON.stringify(codec)}`, {
        advice: `there is ${CID_CODECS.join(', ')}`,
      });
    }
  }
}
