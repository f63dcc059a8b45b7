// The C++ host against stock js-libp2p: transports, identify, ping, streams, and how it ends.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import {
  anyTcp, anyWs, echo, echoProtocol, eventually, Hearth, pattern, receiveAll, sendAll, serveEcho, startJs
} from './peers.mjs'

describe('hearth-interop and js-libp2p', () => {
  let hearth, js

  before(async () => {
    hearth = await Hearth.start()
    js = await startJs({ listen: [anyTcp, anyWs] })
    await serveEcho(js)
  })
  after(async () => {
    await js?.stop()
    await hearth?.stop()
  })

  const fresh = async (kind) => {
    for (const open of js.getConnections()) await open.close()
    return js.dial(multiaddr(hearth.address(kind)))
  }
  const jsAddress = (kind) =>
    js.getMultiaddrs().map(String).find((one) => one.includes('/ws') === (kind === 'ws'))

  for (const kind of ['tcp', 'ws']) {
    test(`js dials us over ${kind} and gets a megabyte back`, async () => {
      const connection = await fresh(kind)
      assert.equal(connection.remotePeer.toString(), hearth.peerId)
      const bytes = pattern(1_000_000)
      assert.deepEqual(await echo(connection, bytes), bytes)
    })

    test(`we dial js over ${kind} and get a megabyte back`, async () => {
      await hearth.order('close', { peer: js.peerId.toString() })
      const dialed = await hearth.order('dial', { address: jsAddress(kind) })
      assert.equal(dialed.peer, js.peerId.toString())
      assert.equal(dialed.transport, kind === 'ws' ? 'websocket' : 'tcp')
      const echoed = await hearth.order('echo', { peer: dialed.peer, bytes: 1_000_000 })
      assert.equal(echoed.unchanged, 1)
    })

    test(`a thousand streams at once on one connection over ${kind}`, async () => {
      const connection = await fresh(kind)
      const answers = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
        const bytes = Buffer.from(`stream ${i} `.repeat(20))
        return Buffer.compare(await echo(connection, bytes), bytes)
      }))
      assert.equal(answers.filter((order) => order === 0).length, 1000)
    })
  }

  test('a thousand streams held open at the same time', async () => {
    const connection = await fresh('tcp')
    const streams = await Promise.all(Array.from({ length: 1000 }, () =>
      connection.newStream(echoProtocol, { maxOutboundStreams: 2000 })))
    assert.ok((await hearth.order('resources')).streams >= 1000)
    const answers = streams.map((stream) => receiveAll(stream))
    for (const [i, stream] of streams.entries()) stream.send(Buffer.from(`held ${i}`))
    await Promise.all(streams.map((stream) => stream.close()))
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      assert.equal(answer.toString(), `held ${i}`)
    }
    await eventually(async () => (await hearth.order('resources')).streams === 0, 'all streams given back')
  })

  test('js identifies us, with a signed peer record', async () => {
    const identified = Promise.withResolvers()
    js.addEventListener('peer:identify', (event) => {
      if (event.detail.peerId.toString() === hearth.peerId) identified.resolve(event.detail)
    })
    await fresh('tcp')
    const told = await identified.promise
    assert.match(told.agentVersion, /^hearth\//)
    for (const protocol of [echoProtocol, '/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']) {
      assert.ok(told.protocols.includes(protocol), protocol)
    }
    assert.ok(told.signedPeerRecord, 'a signed record that verified')
    assert.deepEqual(told.signedPeerRecord.addresses.map(String).sort(),
      hearth.ready.addrs.map((one) => one.replace(/\/p2p\/.*/, '')).sort())
    assert.match(String(told.observedAddr), /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
  })

  test('we identify js, exactly once on a connection', async () => {
    await fresh('tcp')
    const info = await eventually(async () => {
      const told = await hearth.order('info', { peer: js.peerId.toString() })
      return told.identified && told
    }, 'js identified')
    assert.match(info.agent, /js-libp2p/)
    assert.ok(info.certified)
    assert.ok(info.protocols.includes(echoProtocol))
    assert.match(info.observed, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
  })

  test('identify-push tells js of a new protocol of ours', async () => {
    await fresh('tcp')
    await eventually(async () => (await hearth.order('info', { peer: js.peerId.toString() })).identified,
      'js identified')
    await hearth.order('handle', { protocol: '/pushed/1.0.0' })
    await eventually(async () =>
      (await js.peerStore.get(js.getConnections()[0].remotePeer)).protocols.includes('/pushed/1.0.0'),
    'js heard of it')
  })

  test('identify-push tells us of a new protocol of js', async () => {
    await fresh('tcp')
    await eventually(async () => (await hearth.order('info', { peer: js.peerId.toString() })).identified,
      'js identified')
    await js.handle('/from-js/1.0.0', () => {})
    await eventually(async () =>
      (await hearth.order('info', { peer: js.peerId.toString() })).protocols?.includes('/from-js/1.0.0'),
    'we heard of it')
  })

  test('ping both ways', async () => {
    const connection = await fresh('tcp')
    assert.ok(await js.services.ping.ping(connection.remotePeer) >= 0)
    const pong = await hearth.order('ping', { peer: js.peerId.toString() })
    assert.ok(pong.round_trip_ms > 0 && pong.round_trip_ms < 5000)
  })

  test('half-close: we still answer after js ended its side', async () => {
    const connection = await fresh('tcp')
    const stream = await connection.newStream(echoProtocol)
    const received = receiveAll(stream)
    const bytes = pattern(300_000)
    await sendAll(stream, bytes)
    await stream.close()
    assert.equal((await received).length, bytes.length)
  })

  test('a reset by js frees the stream at our side, and the connection goes on', async () => {
    const connection = await fresh('tcp')
    const stream = await connection.newStream(echoProtocol)
    stream.send(pattern(1000))
    stream.abort(new Error('no more'))
    await eventually(async () => (await hearth.order('resources')).streams === 0, 'the stream was freed')
    assert.equal((await echo(connection, Buffer.from('still there'))).toString(), 'still there')
  })

  test('a protocol that we do not speak is refused, and the connection goes on', async () => {
    const connection = await fresh('tcp')
    await assert.rejects(connection.newStream('/nobody/speaks/this'), { name: 'UnsupportedProtocolError' })
    assert.equal((await echo(connection, Buffer.from('still there'))).toString(), 'still there')
  })

  test('a reader that does not read stops the writer, and memory stays bounded', async () => {
    const connection = await fresh('tcp')
    const stream = await connection.newStream(echoProtocol)
    stream.pause()
    const from = hearth.memory()
    // Echo can't give back what isn't read: the window to js closes, then echo stops reading, then the
    // window to us closes, and the rest stays with js.
    const chunk = Buffer.alloc(65536, 7)
    for (let i = 0; i < 640; i++) stream.send(chunk)
    const left = () => stream.writeBufferLength
    let before = -1
    await eventually(async () => {
      const same = left() === before
      before = left()
      await new Promise((resolve) => setTimeout(resolve, 200))
      return same
    }, 'nothing moves any more')
    const taken = 640 * chunk.length - left()
    assert.ok(taken < 4e6, `${taken} bytes were taken of a reader that gives none back`)
    assert.ok(hearth.memory() - from < 16e6, `grew by ${hearth.memory() - from} bytes`)
    stream.abort(new Error('enough'))
    assert.equal((await echo(connection, Buffer.from('still there'))).toString(), 'still there')
  })

  test('a peer id other than the expected one is refused, both ways', async () => {
    const other = await startJs({ listen: [anyTcp] })
    try {
      const wrong = hearth.address().replace(/\/p2p\/.*/, `/p2p/${other.peerId}`)
      await assert.rejects(js.dial(multiaddr(wrong)))
      const address = jsAddress('tcp').replace(/\/p2p\/.*/, `/p2p/${other.peerId}`)
      await assert.rejects(hearth.order('dial', { address }))
    } finally {
      await other.stop()
    }
  })
})

test('250 connections at once, all alive', async () => {
  const hearth = await Hearth.start()
  const nodes = []
  try {
    // Several from each of 50 nodes: js joins dials to one peer that overlap, so one after the other.
    const connections = (await Promise.all(Array.from({ length: 50 }, async () => {
      const node = await startJs()
      nodes.push(node)
      const own = []
      for (let i = 0; i < 5; i++) own.push(await node.dial(multiaddr(hearth.address()), { force: true }))
      return own
    }))).flat()
    assert.equal(connections.length, 250)
    assert.equal((await hearth.order('resources')).connections, 250)
    const answers = await Promise.all(connections.map((one, i) => echo(one, Buffer.from(`c${i}`))))
    assert.ok(answers.every((answer, i) => answer.toString() === `c${i}`))
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
    await hearth.stop()
  }
})

test('wss: a self-signed certificate is enough when the address names the PeerId', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-wss-'))
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const server = await Hearth.start('--certificate', certificate, '--key', key)
  const client = await Hearth.start()
  try {
    const address = server.address('ws')
    assert.match(address, /\/tls\/ws\/p2p\//)
    const dialed = await client.order('dial', { address })
    assert.equal(dialed.transport, 'websocket')
    assert.equal((await client.order('echo', { peer: dialed.peer, bytes: 500_000 })).unchanged, 1)
  } finally {
    await client.stop()
    await server.stop()
    rmSync(folder, { recursive: true })
  }
})

test('one port tells HTTP, rubbish and silence apart from libp2p', async () => {
  const hearth = await Hearth.start()
  try {
    const port = Number(/\/tcp\/(\d+)/.exec(hearth.address())[1])
    const ask = (bytes) => new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      const chunks = []
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('error', () => {})
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    })
    assert.equal(await ask('SSH-2.0-OpenSSH\r\n'), '')
    assert.equal(await ask('GET /other HTTP/1.1\r\nHost: x\r\n\r\n'), '')
    assert.equal((await hearth.order('resources')).connections, 0)
  } finally {
    await hearth.stop()
  }
})

test('SIGTERM ends it within 2 s with status 0, connections or not', async () => {
  const hearth = await Hearth.start()
  const js = await startJs()
  try {
    const connection = await js.dial(multiaddr(hearth.address()))
    const stream = await connection.newStream(echoProtocol)
    stream.send(Buffer.from('busy'))
    const closed = new Promise((resolve) => connection.addEventListener('close', resolve))
    const began = Date.now()
    assert.deepEqual(await hearth.stop(), { code: 0, signal: null })
    assert.ok(Date.now() - began < 2000)
    await closed
  } finally {
    await js.stop()
  }
})
