// Ends its thread at the first packet.
export default function callback() {
  process.exit(3);
}
