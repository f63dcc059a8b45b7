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

/** What happened in one tab and concerns all: somebody came in at a box, or is out there. */
export interface News {
  kind: "entered" | "left";
  root: Root;
}

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
  /** The same for a box that is known still: another tab may have forgotten it. */
  amend(root: Root, facts: Partial<Omit<KnownAppliance, "root">>): Promise<void>;
  forget(root: Root): Promise<void>;
  /** The box that this tab looks at, also after a reload. */
  readonly chosen: Root | undefined;
  choose(root: Root): void;
  /** To the other tabs of this shell, and from them. */
  tell(news: News): void;
  onNews(listener: (news: News) => void): void;

  local(): Promise<LocalAppliance | undefined>;
  flock(): Promise<FlockInfo | undefined>;
  /** This page came from a flock when it was last asked, not from a box of its own. */
  fromFlock: boolean;

  connect(target: ConnectTarget, key: DeviceKey, keep: boolean): Promise<HearthConnection>;
  /** One connection for all tabs. `first`: one that stands already. */
  open(target: RootTarget, key: DeviceKey, first?: HearthConnection): HearthConnection;
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
