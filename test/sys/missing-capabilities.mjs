// Prints which capabilities this process lacks, and what it is told about it.
import { missingCapabilities, requireCapabilities } from '../../dist/sys/index.js';

const wanted = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF', 'CAP_IPC_LOCK'];
let error = null;
try {
  requireCapabilities('this test', ['CAP_NET_RAW', 'CAP_BPF']);
} catch (thrown) {
  error = thrown.toJSON();
}
console.log(JSON.stringify({ missing: missingCapabilities(wanted), error }));
