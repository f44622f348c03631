/** Ends its thread at a packet of 700 bytes. */
export default (packet, ingress) => {
  if (packet.length === 700) process.exit();
  return 1 - ingress;
};
