/** What the host of an app's service workers knows of each: registrations, and the versions of their scripts (service_host.ts). */
import type {
  Control,
  RegistrationFacts,
  Script,
  ToService,
  WorkerFacts,
  WorkerState,
} from "./service_protocol.ts";

/** A version's script, running. */
export interface Running {
  /** Rejects when the script doesn't load, or throws. */
  readonly ready: Promise<void>;
  /** False when what the event waited for failed. */
  run(what: "install" | "activate"): Promise<boolean>;
  post(message: ToService, transfer?: Transferable[]): void;
}

export interface KeptVersion {
  id: string;
  script: string;
  type: Script;
  activated: boolean;
}
export interface Kept {
  id: string;
  scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  active?: KeptVersion;
  waiting?: KeptVersion;
}

export const newId = (): string => crypto.randomUUID().slice(0, 8);

/** A worker's script as it was once: running or not, from its first run to its end. */
export class Version {
  readonly id: string;
  readonly script: string;
  readonly type: Script;
  state: WorkerState;
  running: Running | undefined;
  skipsWaiting = false;
  constructor({ id, script, type }: Omit<KeptVersion, "activated">, state: WorkerState) {
    this.id = id;
    this.script = script;
    this.type = type;
    this.state = state;
  }
  facts(): WorkerFacts {
    return { id: this.id, script: this.script, state: this.state };
  }
  kept(): KeptVersion {
    const { id, script, type } = this;
    return { id, script, type, activated: this.state === "activated" };
  }
}

/** Of one scope, up to three versions. */
export class Registration {
  /** Pages know it by that, whoever hosts. */
  readonly id: string;
  readonly scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  installing: Version | null = null;
  waiting: Version | null = null;
  active: Version | null = null;
  /** Requests wait for it. */
  activation: Promise<void> = Promise.resolve();
  constructor(scope: string, updateViaCache: ServiceWorkerUpdateViaCache, id = newId()) {
    this.id = id;
    this.scope = scope;
    this.updateViaCache = updateViaCache;
  }
  get newest(): Version | null {
    return this.installing ?? this.waiting ?? this.active;
  }
  facts(): RegistrationFacts {
    const { id, scope, updateViaCache } = this;
    const of = (version: Version | null): WorkerFacts | null => version?.facts() ?? null;
    return {
      ...{ id, scope, updateViaCache },
      ...{ installing: of(this.installing), waiting: of(this.waiting), active: of(this.active) },
    };
  }
  all(): Version[] {
    return [this.installing, this.waiting, this.active].filter((each) => each !== null);
  }
  control(): Control | null {
    const { id, scope, active } = this;
    return active === null ? null : { ...active.facts(), registration: id, scope };
  }
  /** To last; nothing before a version is installed. */
  kept(): Kept | undefined {
    const { id, scope, updateViaCache, active, waiting } = this;
    if (active === null && waiting === null) return undefined;
    return {
      ...{ id, scope, updateViaCache },
      ...(active === null ? {} : { active: active.kept() }),
      ...(waiting === null ? {} : { waiting: waiting.kept() }),
    };
  }
  static of({ id, scope, updateViaCache, active, waiting }: Kept): Registration {
    const registration = new Registration(scope, updateViaCache, id);
    if (active !== undefined)
      registration.active = new Version(active, active.activated ? "activated" : "activating");
    if (waiting !== undefined) registration.waiting = new Version(waiting, "installed");
    return registration;
  }
}
