// Our host against js-libp2p, each with its own kind, in separate processes on loopback, in one run. Prints
// a table of ratios; with --json a line of JSON. Targets: docs and LIBP2P's facts want 5x, 3x, 12 MB, 32 KiB.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { multiaddr } from '@multiformats/multiaddr'
import { Hearth, perfProtocol, startJs } from './peers.mjs'

const dials = 150
const idle = 200
const bytes = 256 * 1024 * 1024
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const settle = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** User and system seconds of a process so far. */
function cpu (pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const cpuOf = (...pids) => pids.reduce((sum, pid) => sum + cpu(pid), 0)

class JsServer {
  static async start () {
    const server = new JsServer()
    const child = spawn(process.execPath, ['--expose-gc', new URL('bench_server.mjs', import.meta.url).pathname],
      { stdio: ['pipe', 'pipe', 'inherit'] })
    server.child = child
    server.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    server.address = (await server.lines.next()).value
    return server
  }
  async memory () {
    this.child.stdin.write('\n')
    return Number((await this.lines.next()).value)
  }
  stop () {
    this.child.kill()
  }
}

async function jsPerf (connection, upload, download) {
  const began = performance.now()
  const stream = await connection.newStream(perfProtocol)
  const head = Buffer.alloc(8)
  head.writeBigUInt64BE(BigInt(download))
  let got = 0
  const done = (async () => {
    for await (const chunk of stream) got += chunk.byteLength
  })()
  stream.send(head)
  const piece = new Uint8Array(65536)
  for (let left = upload; left > 0; left -= piece.length) {
    if (!stream.send(piece)) await stream.onDrain()
  }
  await stream.close()
  await done
  if (got !== download) throw new Error(`got ${got} of ${download}`)
  return performance.now() - began
}

const server = await Hearth.start()
const client = await Hearth.start()
const jsServer = await JsServer.start()
const js = await startJs()
const megabytes = (ms) => bytes / 1e6 / (ms / 1000)
const ours = {}
const theirs = {}
const peer = server.peerId

ours.idleBytes = server.memory()
theirs.idleBytes = await jsServer.memory()

// Dial and upgrade, one after the other.
const dialed = { ours: [], theirs: [] }
for (let i = 0; i < dials; i++) {
  dialed.ours.push((await client.order('dial', { address: server.address() })).ms)
  await client.order('close', { peer })
  const began = performance.now()
  const connection = await js.dial(multiaddr(jsServer.address), { force: true })
  dialed.theirs.push(performance.now() - began)
  await connection.close()
}
ours.dialMs = median(dialed.ours)
theirs.dialMs = median(dialed.theirs)

// One stream, the best of three, each way; and what both ends together worked for a GB, which other load hardly changes.
await client.order('dial', { address: server.address() })
const connection = await js.dial(multiaddr(jsServer.address))
for (const way of ['upload', 'download']) {
  const sizes = way === 'upload' ? [bytes, 0] : [0, bytes]
  ours[way] = theirs[way] = 0
  const ends = { ours: [client.pid, server.pid], theirs: [process.pid, jsServer.child.pid] }
  const worked = { ours: 0, theirs: 0 }
  const counted = async (whose, transfer) => {
    const before = cpuOf(...ends[whose])
    const ms = await transfer()
    worked[whose] += cpuOf(...ends[whose]) - before
    return megabytes(ms)
  }
  for (let i = 0; i < 3; i++) {
    const order = { peer, upload: sizes[0], download: sizes[1] }
    ours[way] = Math.max(ours[way], await counted('ours', async () => (await client.order('perf', order)).ms))
    theirs[way] = Math.max(theirs[way], await counted('theirs', () => jsPerf(connection, ...sizes)))
  }
  ours[`${way}Cpu`] = worked.ours / (3 * bytes / 1e9)
  theirs[`${way}Cpu`] = worked.theirs / (3 * bytes / 1e9)
}
await client.order('close', { peer })
await connection.close()

// Idle connections, at servers that did nothing else.
const quiet = await Hearth.start()
const quietJs = await JsServer.start()
const before = [quiet.memory(), await quietJs.memory()]
for (let i = 0; i < idle; i++) {
  await client.order('dial', { address: quiet.address() })
  await js.dial(multiaddr(quietJs.address), { force: true })
}
await settle(2000)
ours.perConnection = (quiet.memory() - before[0]) / idle
theirs.perConnection = ((await quietJs.memory()) - before[1]) / idle

await js.stop()
for (const one of [jsServer, quietJs]) one.stop()
for (const one of [client, server, quiet]) await one.stop()

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ ours, theirs }))
} else {
  const row = (what, unit, mine, other, ratio, target) =>
    console.log(`| ${what} | ${mine} ${unit} | ${other} ${unit} | ${ratio} | ${target} |`)
  const mib = (value) => (value / 2 ** 20).toFixed(1)
  const kib = (value) => (value / 1024).toFixed(1)
  console.log('| what | hearth | js-libp2p | ratio | target |\n|---|---|---|---|---|')
  row('dial and upgrade, median', 'ms', ours.dialMs.toFixed(2), theirs.dialMs.toFixed(2),
    `${(theirs.dialMs / ours.dialMs).toFixed(1)}x`, '5x')
  for (const way of ['upload', 'download']) {
    row(`one stream, 256 MiB ${way}`, 'MB/s', ours[way].toFixed(0), theirs[way].toFixed(0),
      `${(ours[way] / theirs[way]).toFixed(1)}x`, '3x')
    row(`CPU of both ends for 1 GB, ${way}`, 's', ours[`${way}Cpu`].toFixed(2), theirs[`${way}Cpu`].toFixed(2),
      `${(theirs[`${way}Cpu`] / ours[`${way}Cpu`]).toFixed(1)}x`, '')
  }
  row('idle, resident', 'MiB', mib(ours.idleBytes), mib(theirs.idleBytes),
    `1/${(theirs.idleBytes / ours.idleBytes).toFixed(0)}`, '12 MB')
  row('idle connection', 'KiB', kib(ours.perConnection), kib(theirs.perConnection),
    `1/${(theirs.perConnection / ours.perConnection).toFixed(0)}`, '32 KiB')
}
process.exit(0)
