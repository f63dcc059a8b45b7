/**
 * What the shell needs from the world: the SDK, seen through one small door. The real one is loaded when the first
 * screen stands (platform_sdk.ts); stories and tests bring their own.
 */
import type {
  AddPersonaOptions,
  AppHostOptions,
  ChangePasswordOptions,
  ConnectTarget,
  DeviceKey,
  FlockInfo,
  GraphApi,
  HearthApi,
  HearthConnection,
  HearthLink,
  KnownAppliance,
  LocalAppliance,
  LoginOptions,
  PairOptions,
  Persona,
  Root,
  RootTarget,
  SetupOptions,
  SignedIn,
} from "@hearth/sdk";

export type Api = Pick<HearthApi, keyof HearthApi & Exclude<keyof HearthApi, "connection">>;

export type Graph = Pick<GraphApi, keyof GraphApi>;

/** An app's frame in the page. */
export interface AppFrame {
  navigate(path: string): void;
  revoke(): void;
}

export interface Platform {
  /** The kept key of this browser, or a new one; `keep: false` makes one that dies with the page. */
  deviceKey(keep: boolean): Promise<DeviceKey>;
  keptKey(): Promise<DeviceKey | undefined>;
  forgetKey(): Promise<void>;

  known(): Promise<KnownAppliance[]>;
  remember(root: Root, facts: Partial<Omit<KnownAppliance, "root">>): Promise<KnownAppliance>;
  forget(root: Root): Promise<void>;

  local(): Promise<LocalAppliance | undefined>;
  flock(): Promise<FlockInfo | undefined>;

  connect(target: ConnectTarget, key: DeviceKey, keep: boolean): Promise<HearthConnection>;
  open(target: RootTarget, key: DeviceKey): HearthConnection;
  api(connection: HearthConnection): Api;
  graph(connection: HearthConnection): Graph;

  setup(connection: HearthConnection, options: SetupOptions): Promise<SignedIn>;
  login(connection: HearthConnection, options: LoginOptions): Promise<SignedIn>;
  pair(connection: HearthConnection, options: PairOptions): Promise<SignedIn>;
  addPersona(connection: HearthConnection, options: AddPersonaOptions): Promise<Persona>;
  changePassword(connection: HearthConnection, options: ChangePasswordOptions): Promise<void>;

  formatLink(link: HearthLink, shellOrigin: string): string;
  frame(options: AppHostOptions): AppFrame;
}
