/** `WebSocket` as the web has it (WHATWG WebSockets), over a line to the shell. */
import { weight, type SocketNews, type SocketOrder } from "@hearth/sdk/port-socket";

/** A MessagePort, or what a worker has in its place. */
export interface Line {
  onmessage: ((event: MessageEvent<SocketNews>) => void) | null;
  postMessage(order: SocketOrder, transfer?: Transferable[]): void;
  close(): void;
}

/** A line for this path of the app's origin; nothing when there is no boot frame. */
export type Call = (path: string, protocols: string[]) => Line | undefined;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
const handlers = ["open", "message", "error", "close"] as const;
const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

export function makeWebSocket(call: Call): typeof globalThis.WebSocket {
  const open = new Set<Line>();
  // Not every browser tells the shell that a port's page is gone.
  self.addEventListener("pagehide", () => {
    for (const line of open) line.postMessage({ k: "close", code: 1001 });
  });

  class WebSocket extends EventTarget {
    readonly #url: URL;
    #line: Line | undefined;
    #state: number = states.CONNECTING;
    #protocol = "";
    #binaryType: BinaryType = "blob";
    #buffered = 0;
    #handlers = new Map<string, (event: Event) => unknown>();
    #listening = new Set<string>();
    /** Blobs are read before they leave, and what follows waits for them. */
    #sending: Promise<void> | undefined;

    constructor(url: string | URL, protocols: string | Iterable<string> = []) {
      if (arguments.length === 0) throw new TypeError("WebSocket needs a URL");
      super();
      this.#url = parseUrl(url);
      const asked = typeof protocols === "string" ? [protocols] : Array.from(protocols, String);
      if (asked.some((each) => !token.test(each)) || new Set(asked).size !== asked.length)
        throw new DOMException("A subprotocol isn't a token, or is named twice.", "SyntaxError");

      // An app's origin reaches its own app and nothing else.
      const line =
        this.#url.host === new URL(self.origin).host
          ? call(this.#url.pathname + this.#url.search, asked)
          : undefined;
      this.#line = line;
      if (line === undefined) {
        setTimeout(() => this.#onClosed({ k: "closed", code: 1006, reason: "", clean: false, failed: true }));
        return;
      }
      open.add(line);
      line.onmessage = ({ data }) => this.#take(data);
    }

    get url(): string {
      return this.#url.href;
    }
    get readyState(): number {
      return this.#state;
    }
    get bufferedAmount(): number {
      return this.#buffered;
    }
    get extensions(): string {
      return "";
    }
    get protocol(): string {
      return this.#protocol;
    }
    get binaryType(): BinaryType {
      return this.#binaryType;
    }
    set binaryType(type: BinaryType) {
      if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
    }

    send(data: string | Blob | ArrayBufferLike | ArrayBufferView): void {
      if (arguments.length === 0) throw new TypeError("WebSocket.send needs data");
      if (this.#state === states.CONNECTING)
        throw new DOMException("Still in CONNECTING state.", "InvalidStateError");
      if (data instanceof Blob) {
        this.#buffered += data.size;
        if (this.#state === states.OPEN)
          this.#queue(async () => this.#post(new Uint8Array(await data.arrayBuffer())));
        return;
      }
      let whole: string | Uint8Array<ArrayBuffer>;
      if (ArrayBuffer.isView(data))
        whole = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      else if (data instanceof ArrayBuffer) whole = new Uint8Array(data.slice(0));
      else whole = String(data).toWellFormed();
      this.#buffered += typeof whole === "string" ? utf8Length(whole) : whole.length;
      if (this.#state !== states.OPEN) return;
      if (this.#sending === undefined) this.#post(whole);
      else this.#queue(() => this.#post(whole));
    }

    close(code?: number, reason?: string): void {
      let said: number | undefined;
      if (code !== undefined) {
        said = Math.round(Math.min(65535, Math.max(0, Number(code) || 0)));
        if (said !== 1000 && (said < 3000 || said > 4999))
          throw new DOMException("The code must be 1000, or between 3000 and 4999.", "InvalidAccessError");
      }
      const why = reason === undefined ? undefined : String(reason).toWellFormed();
      if (why !== undefined && utf8Length(why) > 123)
        throw new DOMException("The reason is longer than 123 bytes.", "SyntaxError");
      if (this.#state >= states.CLOSING) return;
      const failed = this.#state === states.CONNECTING;
      this.#state = states.CLOSING;
      const order: SocketOrder = {
        k: "close",
        ...(said === undefined && why === undefined ? {} : { code: said ?? 1000 }),
        ...(why === undefined ? {} : { reason: why }),
      };
      if (this.#sending === undefined || failed) this.#line?.postMessage(order);
      else this.#queue(() => this.#line?.postMessage(order));
    }

    #queue(next: () => unknown): void {
      const mine = (this.#sending ?? Promise.resolve()).then(next, next).then(() => {
        if (this.#sending === mine) this.#sending = undefined;
      });
      this.#sending = mine;
    }

    #weights: number[] = [];
    #post(data: string | Uint8Array<ArrayBuffer>): void {
      this.#weights.push(typeof data === "string" ? utf8Length(data) : data.length);
      this.#line?.postMessage({ k: "send", data });
    }

    #take(news: SocketNews): void {
      switch (news.k) {
        case "open":
          if (this.#state !== states.CONNECTING) return;
          this.#state = states.OPEN;
          this.#protocol = news.protocol;
          this.dispatchEvent(new Event("open"));
          break;
        case "message": {
          const { data } = news;
          this.#line?.postMessage({ k: "taken", bytes: weight(data) });
          if (this.#state !== states.OPEN) return;
          const given =
            typeof data === "string" ? data : this.#binaryType === "blob" ? new Blob([data]) : data.buffer;
          this.dispatchEvent(new MessageEvent("message", { data: given, origin: this.#url.origin }));
          break;
        }
        case "sent":
          this.#buffered -= this.#weights.shift() ?? 0;
          break;
        case "closed":
          this.#onClosed(news);
          break;
      }
    }

    #onClosed({ code, reason, clean, failed }: Extract<SocketNews, { k: "closed" }>): void {
      if (this.#state === states.CLOSED) return;
      this.#state = states.CLOSED;
      if (this.#line !== undefined) open.delete(this.#line);
      this.#line?.close();
      this.#line = undefined;
      if (failed) this.dispatchEvent(new Event("error"));
      this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean: clean }));
    }

    static {
      // Its own name is lost when the shim is packed.
      Object.defineProperty(this, "name", { configurable: true, value: "WebSocket" });
      Object.defineProperty(this.prototype, Symbol.toStringTag, { configurable: true, value: "WebSocket" });
      for (const [name, value] of Object.entries(states)) {
        for (const object of [this, this.prototype])
          Object.defineProperty(object, name, { value, enumerable: true });
      }
      // Event handler attributes: called in the place where the first was set.
      for (const name of handlers) {
        Object.defineProperty(this.prototype, `on${name}`, {
          configurable: true,
          enumerable: true,
          get(this: WebSocket) {
            return this.#handlers.get(name) ?? null;
          },
          set(this: WebSocket, handler: unknown) {
            if (typeof handler === "function") this.#handlers.set(name, handler as (event: Event) => unknown);
            else this.#handlers.delete(name);
            if (this.#listening.has(name)) return;
            this.#listening.add(name);
            this.addEventListener(name, (event) => this.#handlers.get(name)?.call(this, event));
          },
        });
      }
    }
  }
  return WebSocket as unknown as typeof globalThis.WebSocket;
}

function parseUrl(url: string | URL): URL {
  const base = typeof document === "undefined" ? location.href : document.baseURI;
  const parsed = URL.parse(String(url), base);
  if (parsed === null) throw new DOMException("Not a URL.", "SyntaxError");
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:")
    throw new DOMException("A WebSocket's URL begins with ws or wss.", "SyntaxError");
  if (parsed.href.includes("#")) throw new DOMException("A WebSocket's URL has no fragment.", "SyntaxError");
  return parsed;
}
