// Runs in the page: a stock js-libp2p, and what the tests ask of it.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

globalThis.makeNode = async (options = {}) => createLibp2p({
  addresses: { listen: options.listen ?? [] },
  transports: [webSockets(), webRTC({ rtcConfiguration: { iceServers: [] } }), webRTCDirect(), circuitRelayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: { identify: identify(), ping: ping() }
})
globalThis.multiaddr = multiaddr

const digest = async bytes =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), b => b.toString(16).padStart(2, '0')).join('')

/** Sends `size` bytes over /echo/1.0.0 and says whether they came back. */
globalThis.echo = async (connection, size) => {
  const stream = await connection.newStream('/echo/1.0.0', { runOnLimitedConnection: true })
  const sent = new Uint8Array(size)
  for (let i = 0; i < size; i += 65536) crypto.getRandomValues(sent.subarray(i, Math.min(size, i + 65536)))
  const writing = (async () => {
    for (let i = 0; i < size; i += 65536) {
      if (!stream.send(sent.subarray(i, Math.min(size, i + 65536)))) await stream.onDrain()
    }
    await stream.close()
  })()
  const parts = []
  for await (const part of stream) parts.push(part.subarray())
  await writing
  const back = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) { back.set(part, at); at += part.length }
  return { bytes: back.length, same: await digest(back) === await digest(sent) }
}
