/** Names of a steering's maps. The first three are those of the well-known demonstration of QUIC over AF_XDP. */
export const SteeringMap = {
  /** Connection ID to packets: an LRU hash. */
  counters: 'cid_counter',
  /** What an ID decodes to, to the backend's slot. */
  servers: 'cid_backend_map',
  /** slot * queues + queue to socket. */
  sockets: 'xsks_map',
  backends: 'quic_backends',
  /** Per CPU and slot. */
  load: 'quic_load',
  flows: 'quic_flows',
  statistics: 'quic_stats',
  sketch: 'quic_sketch',
  /** An array of maps with one element: the table that is in force. */
  maglev: 'quic_maglev',
  /** For who opens a steering that another process has loaded. */
  settings: 'quic_settings',
} as const;

/** Key of `cid_counter`: the bytes of the ID, and zeros; then their number, a u32. */
export const CounterKey = { id: 0, length: 20, size: 24 } as const;
/** Value of `quic_backends`, all u32. A free slot is all zeros but for its generation, which grows whenever a backend leaves it. */
export const BackendValue = { state: 0, generation: 4, act: 8, id: 12, weight: 16, size: 24 } as const;
/** Value of `quic_load`, all u64. */
export const LoadValue = { packets: 0, bytes: 8, initials: 16, size: 24 } as const;
/** Key of `quic_flows`: addresses of 16 bytes (IPv4 as ::ffff:a.b.c.d), and the ports as they stand in the packet. */
export const FlowKey = { source: 0, destination: 16, ports: 32, size: 36 } as const;
/** Value of `quic_flows`: two u32, and the time of the last packet in nanoseconds of the coarse monotonic clock. */
export const FlowValue = { slot: 0, generation: 4, seen: 8, size: 16 } as const;

/** Value of `quic_settings`, all u32. */
export const SettingsValue = { queues: 0, capacity: 4, hashSeed: 8, size: 16 } as const;
