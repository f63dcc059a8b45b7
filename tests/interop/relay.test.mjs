// Circuit relay v2 between stock js-libp2p and ours: either as relay, as target and as visitor.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { anyTcp, anyWs, echo, eventually, Hearth, pattern, serveEcho, startJs } from './peers.mjs'

const isReserved = async (hearth) =>
  (await hearth.order('relays')).relays.find((relay) => relay.phase === 'reserved')

/** A js node that holds a reservation at `relay`, and the address to reach it by. */
async function jsBehind (relay) {
  const node = await startJs({ listen: [`${relay}/p2p-circuit`] })
  await serveEcho(node)
  await eventually(() => node.getMultiaddrs().some((one) => String(one).includes('p2p-circuit')), 'js reserved')
  return { node, address: `${relay}/p2p-circuit/p2p/${node.peerId}` }
}

describe('our relay, for strangers', () => {
  let relay, target, visitor

  before(async () => {
    relay = await Hearth.start('--relay')
    target = await jsBehind(relay.address())
    visitor = await startJs()
  })
  after(async () => {
    await visitor?.stop()
    await target?.node.stop()
    await relay?.stop()
  })
  const meet = async () => {
    for (const open of visitor.getConnections()) await open.close()
    return visitor.dial(multiaddr(target.address))
  }

  test('a stock js client reserves, and another one reaches it', async () => {
    const connection = await meet()
    assert.equal(connection.remotePeer.toString(), target.node.peerId.toString())
    assert.equal(connection.direct, false)
    assert.equal((await echo(connection, Buffer.from('through you'))).toString(), 'through you')
  })

  test('js is told the stock limits: 2 minutes, 128 KiB', async () => {
    const { limits } = await meet()
    assert.ok(limits.seconds > 100 && limits.seconds <= 120, String(limits.seconds))
    assert.ok(limits.bytes > 120_000n && limits.bytes <= 131_072n, String(limits.bytes))
  })

  test('the relay cuts the circuit at 128 KiB', async () => {
    const connection = await meet()
    const closed = new Promise((resolve) => connection.addEventListener('close', resolve))
    const answer = await echo(connection, pattern(400_000)).catch(() => Buffer.alloc(0))
    assert.ok(answer.length < 131_072, `${answer.length} bytes came back`)
    await closed
  })

  test('no circuit to a peer without a reservation', async () => {
    const nobody = await startJs()
    await assert.rejects(visitor.dial(multiaddr(`${relay.address()}/p2p-circuit/p2p/${nobody.peerId}`)))
    await nobody.stop()
  })

  test('over WebSocket too', async () => {
    const behind = await jsBehind(relay.address('ws'))
    try {
      const connection = await visitor.dial(multiaddr(behind.address))
      assert.equal((await echo(connection, Buffer.from('ws'))).toString(), 'ws')
    } finally {
      await behind.node.stop()
    }
  })
})

describe('our relay, for an appliance without limits', () => {
  let relay, appliance, js

  before(async () => {
    relay = await Hearth.start('--relay-unlimited')
    appliance = await Hearth.start()
    await appliance.order('reserve', { address: relay.address() })
    await eventually(() => isReserved(appliance), 'reserved')
    js = await startJs()
    await serveEcho(js)
  })
  after(async () => {
    await js?.stop()
    await appliance?.stop()
    await relay?.stop()
  })

  for (const kind of ['tcp', 'ws']) {
    test(`js reaches it end to end, over ${kind} to the relay, and moves megabytes`, async () => {
      for (const open of js.getConnections()) await open.close()
      const connection = await js.dial(
        multiaddr(`${relay.address(kind)}/p2p-circuit/p2p/${appliance.peerId}`))
      assert.equal(connection.remotePeer.toString(), appliance.peerId)
      assert.equal(connection.limits, undefined)
      const bytes = pattern(4_000_000)
      assert.deepEqual(await echo(connection, bytes), bytes)
      assert.ok((await appliance.order('connections')).connections
        .some((one) => one.peer === js.peerId.toString() && one.transport === 'relayed' && one.inbound))
    })
  }

  test('it announces its relayed addresses to js by identify', async () => {
    for (const open of js.getConnections()) await open.close()
    const identified = Promise.withResolvers()
    js.addEventListener('peer:identify', (event) => {
      if (event.detail.peerId.toString() === appliance.peerId) identified.resolve(event.detail)
    })
    await js.dial(multiaddr(appliance.address()))
    const told = await identified.promise
    assert.ok(told.listenAddrs.map(String).includes(`${relay.address()}/p2p-circuit`),
      told.listenAddrs.map(String).join(' '))
  })

  test('we reach a js node behind our relay', async () => {
    const behind = await jsBehind(relay.address())
    const visitor = await Hearth.start()
    try {
      const dialed = await visitor.order('dial', { address: behind.address })
      assert.equal(dialed.transport, 'relayed')
      assert.equal(dialed.limited, false)
      const echoed = await visitor.order('echo', { peer: dialed.peer, bytes: 1_000_000 })
      assert.equal(echoed.unchanged, 1)
    } finally {
      await visitor.stop()
      await behind.node.stop()
    }
  })

  test('a slow reader behind the relay slows the writer; the relay holds little', async () => {
    for (const open of js.getConnections()) await open.close()
    const connection = await js.dial(multiaddr(`${relay.address()}/p2p-circuit/p2p/${appliance.peerId}`))
    const from = relay.memory()
    const stream = await connection.newStream('/echo/1.0.0')
    stream.pause()
    for (let i = 0; i < 640; i++) stream.send(Buffer.alloc(65536, 3))
    let before = -1
    await eventually(async () => {
      const same = stream.writeBufferLength === before
      before = stream.writeBufferLength
      await new Promise((resolve) => setTimeout(resolve, 200))
      return same
    }, 'nothing moves any more')
    assert.ok(relay.memory() - from < 16e6, `the relay grew by ${relay.memory() - from} bytes`)
    stream.abort(new Error('enough'))
  })

  test('it reserves again after the relay came back', async () => {
    const again = await Hearth.start('--relay-unlimited')
    const client = await Hearth.start()
    try {
      await client.order('reserve', { address: again.address() })
      await eventually(() => isReserved(client), 'reserved')
      await again.order('close', { peer: client.peerId })
      await eventually(async () => !(await isReserved(client)), 'noticed')
      await eventually(() => isReserved(client), 'reserved again')
    } finally {
      await client.stop()
      await again.stop()
    }
  })
})

describe('a js relay', () => {
  let relay, appliance, js

  before(async () => {
    relay = await startJs({ listen: [anyTcp, anyWs], relay: true })
    appliance = await Hearth.start()
    await appliance.order('reserve', { address: relay.getMultiaddrs().map(String).find((one) => !one.includes('/ws')) })
    await eventually(() => isReserved(appliance), 'reserved at js')
    js = await startJs()
  })
  after(async () => {
    await js?.stop()
    await appliance?.stop()
    await relay?.stop()
  })
  const circuit = () =>
    `${relay.getMultiaddrs().map(String).find((one) => !one.includes('/ws'))}/p2p-circuit/p2p/${appliance.peerId}`

  test('gives us a reservation, with its limits', async () => {
    assert.equal((await isReserved(appliance)).limited, true)
  })

  test('lets js reach us', async () => {
    const connection = await js.dial(multiaddr(circuit()))
    assert.equal((await echo(connection, Buffer.from('hello'))).toString(), 'hello')
  })

  test('lets us reach us', async () => {
    const visitor = await Hearth.start()
    try {
      const dialed = await visitor.order('dial', { address: circuit() })
      assert.equal(dialed.limited, true)
      assert.equal((await visitor.order('echo', { peer: dialed.peer, bytes: 1000 })).unchanged, 1)
    } finally {
      await visitor.stop()
    }
  })
})
