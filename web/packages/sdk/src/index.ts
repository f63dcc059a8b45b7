/**
 * Reaches a Hearth appliance from a browser, peer to peer.
 *
 *     const device = (await DeviceKeys.open().load()) ?? (await DeviceKeys.open().create());
 *     const connection = await connect("alice@flock.example", { device });
 *     const response = await connection.fetch("/api/v1/appliance");
 *
 * `connect` uses the relayed path at once and moves new requests to a direct one when it stands.
 */
export { HearthError, applianceErrorCodes, clientErrorCodes, type HearthErrorCode } from "./errors.ts";
export type {
  Commit,
  ConnectionState,
  ConnectionStatus,
  DeviceId,
  HearthConnection,
  HearthRequestInit,
  PersonaId,
  Root,
} from "./connection.ts";
export {
  connect,
  open,
  share,
  type ConnectOptions,
  type ConnectTarget,
  type RootTarget,
  type ShareOptions,
} from "./connect.ts";
export { discoverFlock, discoverLocal, type FlockInfo, type LocalAppliance } from "./discover.ts";
export { formatLink, parseLink, type HearthLink, type LinkKind } from "./identity/link.ts";
export { DeviceKeys } from "./keys/device_keys.ts";
export type { DeviceKey } from "./keys/device.ts";
export { KnownAppliances, MemoryPins, type KnownAppliance, type Pins } from "./appliances.ts";
export {
  addPersona,
  changePassword,
  login,
  pair,
  setup,
  type AddPersonaOptions,
  type ChangePasswordOptions,
  type DeviceDescription,
  type LoginOptions,
  type PairOptions,
  type SetupOptions,
  type SignedIn,
} from "./auth/flows.ts";
export {
  HearthApi,
  type Appliance,
  type AppInstance,
  type AppState,
  type ApiEvent,
  type Device,
  type Flock,
  type FlockShell,
  type Me,
  type NewPairing,
  type Pairing,
  type Persona,
} from "./api.ts";
export {
  GraphApi,
  type GraphAuthor,
  type GraphEdit,
  type GraphEntry,
  type GraphFilter,
  type GraphHit,
  type GraphListener,
  type GraphNode,
  type GraphOperation,
  type GraphPage,
  type GraphProperty,
  type GraphRole,
  type GraphSpace,
  type GraphUpdate,
  type GraphValue,
  type GraphWritten,
  type SetElement,
} from "./graph.ts";
export { AppHost, type AppHostOptions, type AppLocation } from "./app/host.ts";
export { appLabel, appOrigin } from "./app/label.ts";
export type { SocketEnd, SocketOptions, SocketSession } from "./websocket/session.ts";
export { forgetCookies } from "./app/cookie_storage.ts";
