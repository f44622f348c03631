// Never comes back from the first packet.
export default function callback() {
  for (;;);
}
