// Plain /webrtc: stock js-libp2p in Chromium reaches us through a relay and moves to a direct connection; two of
// ours do the same.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from './bundle.mjs'
import { Browser, Program } from './harness.mjs'

let relay, program, second, browser, page, relayed
before(async () => {
  relay = await Program.start('hearth-interop', ['--tcp', '0', '--relay-unlimited', '--ready-json'])
  const address = relay.ready.addrs[0]
  program = await Program.start('webrtc-echo', ['--relay', address])
  second = await Program.start('webrtc-echo', ['--relay', address])
  relayed = await relayedAddress(program)
  await relayedAddress(second)
  browser = await Browser.start({ '/page.js': await bundle('libp2p-page.mjs') })
  page = await browser.page()
  await page.addScriptTag({ url: '/page.js' })
})
after(async () => {
  await browser?.stop()
  for (const one of [program, second, relay]) await one?.stop()
})

/** The program says where it is reached through the relay; then it takes orders. */
async function relayedAddress(program) {
  const { relayed } = await program.line()
  return `${relayed}/p2p/${program.ready.peer_id}`
}
async function order(program, what) {
  for (let reply = await program.ask(what); ; reply = await program.line()) if (!reply.relayed) return reply
}
const viaWebSocket = address => address.replace(/(tcp\/\d+)(\/ws)?/, '$1/ws')
const throughTheRelay = () => viaWebSocket(relayed)

test('js-libp2p dials /webrtc through the relay and gets 1 MB back', async () => {
  const result = await page.evaluate(async address => {
    globalThis.node = await makeNode()
    const relayed = await node.dial(multiaddr(address))
    const direct = await node.dial(multiaddr(address.replace('/p2p-circuit', '/p2p-circuit/webrtc')))
    const { bytes, same } = await echo(direct, 1_000_000)
    return { bytes, same, direct: direct.direct, multiplexer: direct.multiplexer, carrier: relayed.status }
  }, throughTheRelay())
  assert.deepEqual(result, { bytes: 1_000_000, same: true, direct: true, multiplexer: '/webrtc', carrier: 'open' })
})

test('50 streams at once on the direct connection', async () => {
  const same = await page.evaluate(async () => {
    const connection = node.getConnections().find(one => one.multiplexer === '/webrtc')
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => echo(connection, 500 * i)))
    return all.filter(one => one.same).length
  })
  assert.equal(same, 50)
})

test('two of ours meet the same way, one offering and one answering', async () => {
  const dialed = await order(second, { do: 'dial', address: relayed.replace('/p2p-circuit', '/p2p-circuit/webrtc') })
  assert.equal(dialed.transport, 'webrtc', JSON.stringify(dialed))
})

test('one of ours dials another by webrtc-direct, once', async () => {
  const third = await Program.start('webrtc-echo')
  try {
    const address = program.ready.addrs.find(one => one.includes('webrtc-direct'))
    const dialed = await third.ask({ do: 'dial', address })
    assert.equal(dialed.transport, 'webrtc-direct', JSON.stringify(dialed))
    assert.equal(dialed.peer, program.ready.peer_id)
    const echoed = await third.ask({ do: 'echo', peer: program.ready.peer_id, bytes: 1_000_000 })
    assert.equal(echoed.unchanged, 1, JSON.stringify(echoed))
    const again = await third.ask({ do: 'dial', address })
    assert.equal(again.ok, false)
  } finally {
    await third.stop()
  }
})
