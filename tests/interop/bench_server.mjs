// The js-libp2p side of bench.mjs in a process of its own: /echo/1.0.0 and /perf/1.0.0 on loopback.
// Prints its address, then answers each line on standard input with its resident memory.

import { createInterface } from 'node:readline'
import { anyTcp, perfProtocol, serveEcho, startJs } from './peers.mjs'

const node = await startJs({ listen: [anyTcp], connectionManager: { maxConnections: 1000, inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 } })
await serveEcho(node)
const zeros = new Uint8Array(65536)
await node.handle(perfProtocol, async (stream) => {
  let head = Buffer.alloc(0)
  for await (const chunk of stream) {
    if (head.length < 8) head = Buffer.concat([head, chunk.subarray()])
  }
  let left = Number(head.readBigUInt64BE(0))
  while (left > 0) {
    const piece = zeros.subarray(0, Math.min(left, zeros.length))
    left -= piece.length
    if (!stream.send(piece)) await stream.onDrain()
  }
  await stream.close()
}, { maxInboundStreams: 100 })

console.log(String(node.getMultiaddrs()[0]))
createInterface({ input: process.stdin }).on('line', () => {
  globalThis.gc?.()
  console.log(process.memoryUsage.rss())
})
