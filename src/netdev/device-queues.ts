import { GenericSocket } from './generic-netlink.js';
import { getLink } from './links.js';
import type { NetnsOptions } from './netlink-socket.js';

const NETDEV_CMD_QUEUE_GET = 10;
const NETDEV_A_QUEUE_ID = 1;
const NETDEV_A_QUEUE_IFINDEX = 2;
const NETDEV_A_QUEUE_TYPE = 3;
const NETDEV_A_QUEUE_NAPI_ID = 4;
const NETDEV_A_QUEUE_XSK = 7;
const QUEUE_TYPES = ['rx', 'tx'] as const;

const NETDEV_CMD_NAPI_GET = 11;
const NETDEV_A_NAPI_IFINDEX = 1;
const NETDEV_A_NAPI_ID = 2;
const NETDEV_A_NAPI_IRQ = 3;
const NETDEV_A_NAPI_PID = 4;
const NETDEV_A_NAPI_DEFER_HARD_IRQS = 5;
const NETDEV_A_NAPI_GRO_FLUSH_TIMEOUT = 6;

/** A queue of an interface, as the kernel has it in use. */
export interface DeviceQueue {
  readonly type: (typeof QUEUE_TYPES)[number];
  readonly id: number;
  /** The NAPI instance that serves it; absent where the driver doesn't tell. */
  readonly napiId?: number;
  /** Whether an AF_XDP socket is bound to it; known since Linux 6.16. */
  readonly xsk: boolean;
}

/**
 * The queues of an interface that is up; none of one that is down. Needs Linux 6.8.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM or XDP_ERR_NETLINK with EOPNOTSUPP on an older kernel
 */
export function listQueues(nameOrIndex: string | number, options: NetnsOptions = {}): DeviceQueue[] {
  const { name, index } = getLink(nameOrIndex, options);
  using socket = new GenericSocket('netdev', options);
  const answers = socket.dump(`listing queues of ${name}`, NETDEV_CMD_QUEUE_GET, (payload) =>
    payload.u32(NETDEV_A_QUEUE_IFINDEX, index),
  );
  return answers.map((answer) => {
    const napiId = answer.u32(NETDEV_A_QUEUE_NAPI_ID);
    return {
      type: QUEUE_TYPES[answer.u32(NETDEV_A_QUEUE_TYPE) ?? 0] ?? 'rx',
      id: answer.u32(NETDEV_A_QUEUE_ID) ?? 0,
      ...(napiId !== undefined && { napiId }),
      xsk: answer.has(NETDEV_A_QUEUE_XSK),
    };
  });
}

/** A NAPI instance: what polls some queues of a device, in an interrupt's wake or busily. */
export interface Napi {
  readonly id: number;
  readonly irq?: number;
  /** The kernel thread that polls it, if it has one of its own. */
  readonly pid?: number;
  /** Empty polls after which hardware interrupts come back; absent before Linux 6.13. */
  readonly deferHardIrqs?: number;
  /** Nanoseconds until it is polled again although no interrupt came; absent before Linux 6.13. */
  readonly groFlushTimeout?: number;
}

/**
 * The NAPI instances of an interface that is up. Needs Linux 6.8.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM or XDP_ERR_NETLINK with EOPNOTSUPP on an older kernel
 */
export function listNapis(nameOrIndex: string | number, options: NetnsOptions = {}): Napi[] {
  const { name, index } = getLink(nameOrIndex, options);
  using socket = new GenericSocket('netdev', options);
  const answers = socket.dump(`listing NAPI instances of ${name}`, NETDEV_CMD_NAPI_GET, (payload) =>
    payload.u32(NETDEV_A_NAPI_IFINDEX, index),
  );
  return answers.map((answer) => {
    const irq = answer.u32(NETDEV_A_NAPI_IRQ);
    const pid = answer.u32(NETDEV_A_NAPI_PID);
    const deferHardIrqs = answer.u32(NETDEV_A_NAPI_DEFER_HARD_IRQS);
    const groFlushTimeout = answer.uint(NETDEV_A_NAPI_GRO_FLUSH_TIMEOUT);
    return {
      id: answer.u32(NETDEV_A_NAPI_ID) ?? 0,
      ...(irq !== undefined && { irq }),
      ...(pid !== undefined && { pid }),
      ...(deferHardIrqs !== undefined && { deferHardIrqs }),
      ...(groFlushTimeout !== undefined && { groFlushTimeout }),
    };
  });
}
