import { type RunOptions, succeed } from './running.js';
import { PYTHON } from './tools.js';

/**
 * Builds frames with scapy and sends them by an AF_PACKET socket.
 *
 * @param packets a Python expression: the list of packets
 * @returns the frames as they were sent
 */
export async function sendByScapy(netns: string, packets: string): Promise<Buffer[]> {
  const script = `
import json
from scapy.all import *
frames = [raw(packet) for packet in ${packets}]
socket = conf.L2socket(iface='eth0')
for frame in frames:
    socket.send(Raw(frame))
print(json.dumps([frame.hex() for frame in frames]))
`;
  const options: RunOptions = { netns };
  const frames = JSON.parse(await succeed([PYTHON, '-c', script], options)) as string[];
  return frames.map((hex) => Buffer.from(hex, 'hex'));
}
