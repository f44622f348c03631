import { link } from '../ebpf/index.js';
import { BpfMap, Btf, XdpProgram } from '../kernel/index.js';
import type { CompiledRules } from '../rules/index.js';
import { requireCapabilities } from '../sys/index.js';

/** What the verifier says of a program that it accepts. */
export interface VerifierFigures {
  /** Instructions that it walked through, of the million that it walks. */
  readonly processed: number;
  readonly totalStates: number;
  readonly peakStates: number;
  readonly microseconds: number | undefined;
}

/** BPF_LOG_STATS */
const STATISTICS = 4;

/**
 * Loads the program of a rule set, and lets it go again. The maps are empty: the verifier looks at their sizes only.
 *
 * @throws VerifierError, XDP_ERR_PERMISSION
 */
export function verifyRules({ program, maps, types }: CompiledRules): VerifierFigures {
  // Each rule counts bytes: the length of a frame is the difference of two pointers (kernel/bpf/verifier.c, allow_ptr_leaks).
  requireCapabilities('verifying rules', ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON']);
  const open: Disposable[] = [];
  try {
    const fds: Record<string, number> = {};
    for (const options of maps) {
      const map = new BpfMap(options);
      open.push(map);
      fds[options.name] = map.fd;
    }
    using btf = types && new Btf(types.btf);
    const loaded = new XdpProgram({
      name: 'rules',
      instructions: link(program, fds),
      logLevel: STATISTICS,
      btf: btf && types && { fd: btf.fd, functions: types.functions },
    });
    open.push(loaded);
    return figuresIn(loaded.log);
  } finally {
    for (const one of open) one[Symbol.dispose]();
  }
}

function figuresIn(log: string): VerifierFigures {
  const figure = (pattern: RegExp) => Number(pattern.exec(log)?.[1] ?? Number.NaN);
  const microseconds = figure(/^verification time (\d+) usec/m);
  return {
    processed: figure(/^processed (\d+) insns/m),
    totalStates: figure(/total_states (\d+)/),
    peakStates: figure(/peak_states (\d+)/),
    microseconds: Number.isNaN(microseconds) ? undefined : microseconds,
  };
}
