export { type AddAddressOptions, addAddress, type LinkAddress, listAddresses, removeAddress } from './addresses.js';
export { type BpfFilter, listBpfFilters } from './bpf-filters.js';
export { getChannels, setChannels } from './channels.js';
export { getCoalescing, setCoalescing } from './coalescing.js';
export { type DeviceQueue, listNapis, listQueues, type Napi } from './device-queues.js';
export { type Feature, getFeatures, setFeatures } from './features.js';
export { findNamespace } from './find-namespace.js';
export type { FlowMatch, FlowRule, FlowType, Masked } from './flow-rule.js';
export { addFlowRule, listFlowRules, removeFlowRule } from './flow-rules.js';
export { createKernelBridge, type KernelBridgeOptions } from './kernel-bridge.js';
export { createLab, Lab, type LabEnd, type LabHost, type LabHostOptions } from './lab.js';
export type { LinkChange, LinkEvent } from './link-events.js';
export type { Link, OperationalState, XdpAttachment } from './link-message.js';
export { deleteLink, getLink, type LinkChanges, listLinks, setLink } from './links.js';
export { createNamespace, deleteNamespace, listNamespaces, namespaceIdentity } from './namespaces.js';
export {
  type ListNeighboursOptions,
  listNeighbours,
  type Neighbour,
  type NeighbourState,
  removeNeighbour,
  type SetNeighbourOptions,
  setNeighbour,
} from './neighbours.js';
export type { NetnsOptions } from './netlink-socket.js';
export type { Channels, Coalescing, Numbers, NumbersWithMaximum, RingSizes } from './number-groups.js';
export {
  type FeatureChange,
  type FeatureRefusal,
  type QuietOffloads,
  type QuietOptions,
  quietOffloads,
  restoreFeatures,
} from './offloads.js';
export { type Peer, peerOf } from './peer.js';
export type { Place } from './place.js';
export { PromiscuousMode } from './promiscuous.js';
export { getRings, setRings } from './rings.js';
export type { NextHop, Route, RouteType } from './route-message.js';
export {
  addRoute,
  defaultRouteInterfaces,
  type ListRoutesOptions,
  listRoutes,
  type RouteKey,
  type RouteOptions,
  removeRoute,
} from './routes.js';
export {
  type ChangedSettings,
  type ChangeOptions,
  changeSettings,
  type FlowRuleChange,
  type NumbersChange,
  restoreSettings,
  type SettingChange,
  type Settings,
} from './settings.js';
export { listStaleLabs, removeStaleLabs } from './stale-labs.js';
export { Tap, type TapOptions } from './tap.js';
export { createVeth, type VethEnd } from './veth.js';
export { LinkWatch, watchLinks } from './watch-links.js';
export {
  getXdpFeatures,
  listXdpFeatures,
  type RxMetadataFeature,
  type XdpFeature,
  type XdpFeatures,
  type XskFeature,
} from './xdp-features.js';
