export { type AddAddressOptions, addAddress, type LinkAddress, listAddresses } from './addresses.js';
export { type Feature, getFeatures, setFeatures } from './features.js';
export { findNamespace } from './find-namespace.js';
export { createLab, Lab, type LabEnd, type LabHost, type LabHostOptions } from './lab.js';
export type { Link, XdpAttachment } from './link-message.js';
export { deleteLink, getLink, type LinkChanges, listLinks, setLink } from './links.js';
export { createNamespace, deleteNamespace, listNamespaces, namespaceIdentity } from './namespaces.js';
export type { NetnsOptions } from './netlink-socket.js';
export {
  type FeatureChange,
  type FeatureRefusal,
  type QuietOffloads,
  type QuietOptions,
  quietOffloads,
  restoreFeatures,
} from './offloads.js';
export { type Peer, peerOf } from './peer.js';
export { PromiscuousMode } from './promiscuous.js';
export { defaultRouteInterfaces } from './routes.js';
export { listStaleLabs, removeStaleLabs } from './stale-labs.js';
export { createVeth, type VethEnd } from './veth.js';
