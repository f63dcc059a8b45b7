// Both sides of the interop tests: hearth-interop as a child process that takes orders, and stock js-libp2p.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const root = new URL('../..', import.meta.url).pathname
const bin = process.env.HEARTH_BIN ?? `${root}build/dev/bin`
export const program = `${bin}/hearth-interop`
if (!existsSync(program)) throw new Error(`${program} is not built`)

export const echoProtocol = '/echo/1.0.0'
export const perfProtocol = '/perf/1.0.0'

/** Our host, in a process of its own. `order` sends it one and waits for its answer. */
export class Hearth {
  #child
  #waiting = new Map()
  #next = 1
  #ready
  exited

  static async start (...flags) {
    const hearth = new Hearth()
    await hearth.#start(flags)
    return hearth
  }

  async #start (flags) {
    this.#child = spawn(program, ['--tcp', '0', '--ready-json', '--control', ...flags],
      { stdio: ['pipe', 'pipe', 'inherit'] })
    this.exited = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve({ code, signal })))
    const ready = Promise.withResolvers()
    this.#child.once('exit', () => {
      ready.reject(new Error('hearth-interop ended'))
      for (const { reject } of this.#waiting.values()) reject(new Error('hearth-interop ended'))
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const message = JSON.parse(line)
      if (message.peer_id !== undefined) return ready.resolve(message)
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (message.ok) waiting?.resolve(message)
      else waiting?.reject(new Error(message.error))
    })
    this.#ready = await ready.promise
  }

  get pid () { return this.#child.pid }
  get peerId () { return this.#ready.peer_id }
  get ready () { return this.#ready }
  /** The first address of that kind, with /p2p. */
  address (kind = 'tcp') {
    return this.#ready.addrs.find((one) => one.includes('/ws') === (kind === 'ws'))
  }

  /** Rejects when it says no, or says nothing. */
  order (what, more = {}) {
    const id = this.#next++
    const { promise, resolve, reject } = Promise.withResolvers()
    this.#waiting.set(id, { resolve, reject })
    this.#child.stdin.write(JSON.stringify({ id, do: what, ...more }) + '\n')
    return promise
  }

  /** Resident memory in bytes. */
  memory () {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024
  }

  async stop () {
    this.#child.kill('SIGTERM')
    return this.exited
  }
}

/** A stock js-libp2p node on loopback. */
export async function startJs ({ listen = [], relay = false, services = {}, ...more } = {}) {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    // Its default of a thousand leaves no room for identify beside a thousand streams.
    streamMuxers: [yamux({ maxInboundStreams: 2000, maxOutboundStreams: 2000 })],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      ...(relay ? { relay: circuitRelayServer() } : {}),
      ...services
    },
    ...more
  })
}

export const anyTcp = '/ip4/127.0.0.1/tcp/0'
export const anyWs = '/ip4/127.0.0.1/tcp/0/ws'

/** Serves /echo/1.0.0 with back-pressure. */
export async function serveEcho (node) {
  await node.handle(echoProtocol, async (stream) => {
    for await (const chunk of stream) {
      if (!stream.send(chunk)) await stream.onDrain()
    }
    await stream.close()
  }, { maxInboundStreams: 2000, maxOutboundStreams: 2000, runOnLimitedConnection: true })
}

export async function sendAll (stream, bytes, piece = 65536) {
  for (let at = 0; at < bytes.length; at += piece) {
    if (!stream.send(bytes.subarray(at, at + piece))) await stream.onDrain()
  }
}

export async function receiveAll (stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk.subarray()))
  return Buffer.concat(chunks)
}

/** What comes back for `bytes` on a stream of its own. */
export async function echo (connection, bytes, options = {}) {
  const stream = await connection.newStream(echoProtocol,
    { maxOutboundStreams: 2000, runOnLimitedConnection: true, ...options })
  const received = receiveAll(stream)
  await sendAll(stream, bytes)
  await stream.close()
  return received
}

/** Bytes that show a swap, a loss or a repetition. */
export function pattern (size) {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 8) * 7) & 0xff
  return bytes
}

/** Waits for `holds()` to be truthy, and returns it. */
export async function eventually (holds, what, limit = 15_000) {
  const end = Date.now() + limit
  while (true) {
    const value = await holds()
    if (value) return value
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
