// Stock js-libp2p in Chromium dials /webrtc-direct (version 1); a page of our own dials version 2.
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bundle } from './bundle.mjs'
import { Browser, Program } from './harness.mjs'

let program, browser, page, folder, direct
const start = () => Program.start('webrtc-echo', ['--certificate', join(folder, 'webrtc.pem'), '--seed', '07'.repeat(32),
  ...(direct ? ['--udp', direct.match(/udp\/(\d+)/)[1]] : [])])
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-webrtc-'))
  program = await start()
  direct = program.ready.addrs.find(address => address.includes('/webrtc-direct/'))
  browser = await Browser.start({ '/page.js': await bundle('libp2p-page.mjs') })
  page = await browser.page()
  await page.addScriptTag({ url: '/page.js' })
})
after(async () => {
  await browser?.stop()
  await program?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('js-libp2p dials by certhash, knows the peer, and gets 1 MB back', async () => {
  const result = await page.evaluate(async address => {
    globalThis.node = await makeNode()
    const connection = await node.dial(multiaddr(address))
    const { bytes, same } = await echo(connection, 1_000_000)
    return { peer: connection.remotePeer.toString(), bytes, same, multiplexer: connection.multiplexer }
  }, direct)
  assert.deepEqual(result, { peer: program.ready.peer_id, bytes: 1_000_000, same: true, multiplexer: '/webrtc' })
})

test('identify and ping work over it', async () => {
  const result = await page.evaluate(async address => {
    const connection = node.getConnections()[0]
    const { protocols } = await node.services.identify.identify(connection)
    const ms = await node.services.ping.ping(multiaddr(address))
    return { echo: protocols.includes('/echo/1.0.0'), signaling: protocols.includes('/webrtc-signaling/0.0.1'), ms: typeof ms }
  }, direct)
  assert.deepEqual(result, { echo: true, signaling: true, ms: 'number' })
})

test('300 streams one after the other, then 20 at once', async () => {
  const same = await page.evaluate(async () => {
    const connection = node.getConnections()[0]
    let same = 0
    for (let i = 0; i < 300; ++i) same += (await echo(connection, 100)).same
    for (const one of await Promise.all(Array.from({ length: 20 }, (_, i) => echo(connection, 1000 * i)))) same += one.same
    return same
  })
  assert.equal(same, 320)
})

test('our own page dials version 2, without changing its SDP', async () => {
  const result = await page.evaluate(async address => {
    const [, ip, port, hash] = address.match(/ip4\/([^/]+)\/udp\/(\d+)\/webrtc-direct\/certhash\/u([^/]+)/)
    const digest = Uint8Array.from(atob(hash.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0)).subarray(2)
    const fingerprint = Array.from(digest, b => b.toString(16).padStart(2, '0').toUpperCase()).join(':')
    const pc = new RTCPeerConnection()
    const channel = pc.createDataChannel('', { negotiated: true, id: 0 })
    channel.binaryType = 'arraybuffer'
    await pc.setLocalDescription()
    const password = pc.localDescription.sdp.match(/a=ice-pwd:(\S+)/)[1]
    const text = `libp2p+webrtc+v2/${password}`
    await pc.setRemoteDescription({ type: 'answer', sdp: ['v=0', `o=- 0 0 IN IP4 ${ip}`, 's=-', 't=0 0', 'a=ice-lite',
      `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`, `c=IN IP4 ${ip}`, 'a=mid:0', `a=ice-ufrag:${text}`,
      `a=ice-pwd:${text}`, `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:passive', 'a=sctp-port:5000',
      'a=max-message-size:16384', `a=candidate:1 1 UDP 1 ${ip} ${port} typ host`, 'a=end-of-candidates', ''].join('\r\n') })
    // The server begins Noise: length, protobuf with field 2, and in it a Noise frame of 32 bytes.
    const first = await new Promise(resolve => { channel.onmessage = event => resolve(new Uint8Array(event.data)) })
    pc.close()
    return Array.from(first.subarray(0, 5)).concat(first.length)
  }, direct)
  assert.deepEqual(result, [36, 0x12, 34, 0, 32, 37])
})

test('a certhash that is not the server\'s fails', async () => {
  const failed = await page.evaluate(async address => {
    const other = await makeNode()
    const wrong = address.replace(/certhash\/uEi.../, 'certhash/uEiAAA')
    return other.dial(multiaddr(wrong), { signal: AbortSignal.timeout(5000) }).then(() => false, () => true)
  }, direct)
  assert.equal(failed, true)
})

test('a PeerId that is not the server\'s fails', async () => {
  const failed = await page.evaluate(async address => {
    const other = await makeNode()
    const wrong = address.replace(/p2p\/.*/, `p2p/${other.peerId}`)
    const third = await makeNode()
    return third.dial(multiaddr(wrong), { signal: AbortSignal.timeout(5000) }).then(() => false, () => true)
  }, direct)
  assert.equal(failed, true)
})

test('the address stays true over a restart, and its file is private', async () => {
  const { mode } = await stat(join(folder, 'webrtc.pem'))
  assert.equal(mode & 0o777, 0o600)
  await program.stop()
  program = await start()
  assert.equal(program.ready.addrs.find(address => address.includes('/webrtc-direct/')), direct)
  const { same } = await page.evaluate(async address => {
    const again = await makeNode()
    return echo(await again.dial(multiaddr(address)), 10_000)
  }, direct)
  assert.equal(same, true)
})
