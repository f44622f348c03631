// Opens and closes an interface many times; what went wrong, or was thought to be left by the dead, is returned.
import { Device } from '../../dist/device/index.js';

export function openAndClose(name, rounds) {
  const wrong = [];
  for (let round = 0; round < rounds; round++) {
    try {
      const device = Device.open(name, { capacity: 1792 });
      wrong.push(...device.notices.filter((notice) => notice.includes('killed run')));
      device.close();
    } catch (error) {
      wrong.push(String(error));
    }
  }
  return wrong;
}
