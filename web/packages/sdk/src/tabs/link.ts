/** The link between a tab and the one that leads: both its ends. */
import type { ConnectionStatus } from "../connection.ts";
import type { ByteStream } from "../http/stream.ts";
import type { FromFollower, FromLeader } from "./messages.ts";
import { PortStream, splice } from "./port_stream.ts";
import type { Upstream } from "./shared_connection.ts";
import type { TabsWorld } from "./world.ts";

/** At one follower; beyond that its requests fail. */
const maxStreams = 1024;

/** At the follower. */
export class LeaderLink {
  readonly port: MessagePort;
  readonly term: number;
  peerId: string;
  status: ConnectionStatus;
  onHeard: () => void = () => undefined;
  onStatus: () => void = () => undefined;
  onGone: () => void = () => undefined;
  readonly #world: Pick<TabsWorld, "channel">;
  readonly #streams = new Set<PortStream>();
  #closed = false;

  private constructor(
    port: MessagePort,
    world: Pick<TabsWorld, "channel">,
    hello: Extract<FromLeader, { kind: "hello" }>,
  ) {
    this.port = port;
    this.#world = world;
    this.term = hello.term;
    this.peerId = hello.peerId;
    this.status = hello.status;
    port.onmessage = ({ data }: MessageEvent<FromLeader>) => this.#take(data);
    port.addEventListener("close", () => this.onGone());
  }

  /** Calls `linked` once the other end of `port` has said that it leads. */
  static await(
    port: MessagePort,
    world: Pick<TabsWorld, "channel">,
    linked: (link: LeaderLink) => void,
  ): void {
    port.onmessage = ({ data }: MessageEvent<FromLeader>) => {
      if (data.kind === "hello") linked(new LeaderLink(port, world, data));
    };
  }

  /** Rejects when the link ends before the stream stands; until then nothing can have been sent. */
  async openStream(signal: AbortSignal | null): Promise<ByteStream> {
    if (this.#closed) throw gone();
    const { port1, port2 } = this.#world.channel();
    const stream = new PortStream(port1);
    this.#streams.add(stream);
    stream.onOver = () => this.#streams.delete(stream);
    this.#post({ kind: "open" }, [port2]);
    const abort = (): void => stream.abort(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await stream.opened;
      return stream;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  ping(): void {
    this.#post({ kind: "ping" });
  }

  retry(): void {
    this.#post({ kind: "retry" });
  }

  /** Ends all its streams. */
  close(): void {
    if (this.#closed) return;
    this.#post({ kind: "bye" });
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.abort(gone());
    setTimeout(() => this.port.close());
  }

  #take(message: FromLeader): void {
    if (this.#closed) return;
    this.onHeard();
    if (message.kind !== "status") return;
    this.peerId = message.peerId;
    this.status = message.status;
    this.onStatus();
  }

  #post(message: FromFollower, transfer: Transferable[] = []): void {
    if (!this.#closed) this.port.postMessage(message, transfer);
  }
}

interface Service {
  term: number;
  upstream: Upstream;
  /** Asked before anything is done for the follower. */
  mayAct(): boolean | Promise<boolean>;
  onEnd(): void;
}

/** At the leader: serves one follower until it goes, or `end`. `tell` passes the status on. */
export function serveFollower(
  port: MessagePort,
  { term, upstream, mayAct, onEnd }: Service,
): { tell(): void; end(): void } {
  const streams = new Set<PortStream>();
  let ended = false;
  const post = (message: FromLeader): void => {
    if (!ended) port.postMessage(message);
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    for (const stream of [...streams]) stream.abort(gone());
    port.close();
    onEnd();
  };
  const open = async (streamPort: MessagePort): Promise<void> => {
    const outer = new PortStream(streamPort);
    const given = new AbortController();
    streams.add(outer);
    outer.onBroken = () => given.abort();
    try {
      if (streams.size > maxStreams) throw new Error("too many requests at once");
      if (!(await mayAct())) throw gone();
      const inner = await upstream.openStream(given.signal);
      if (ended || given.signal.aborted) return inner.abort(gone());
      outer.open();
      await splice(outer, inner, mayAct);
    } catch (error) {
      outer.refuse(error);
    } finally {
      streams.delete(outer);
    }
  };
  const state = () => ({ peerId: upstream.peerId, status: upstream.status });
  port.onmessage = ({ data, ports }: MessageEvent<FromFollower>) => {
    if (ended) return;
    if (data.kind === "ping") post({ kind: "pong" });
    else if (data.kind === "open" && ports[0] !== undefined) void open(ports[0]);
    else if (data.kind === "retry") upstream.retry();
    else if (data.kind === "bye") end();
  };
  port.addEventListener("close", end);
  post({ kind: "hello", term, ...state() });
  return { tell: () => post({ kind: "status", ...state() }), end };
}

function gone(): Error {
  return new Error("the tab that holds the connection is gone");
}
