// Data channels between Chromium and our stack, without libp2p.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Browser, Program, offerTo } from './harness.mjs'

let program, browser, page
before(async () => {
  program = await Program.start('webrtc-echo', ['--raw'])
  browser = await Browser.start()
  page = await browser.page()
  await offerTo(page, program)
})
after(async () => {
  await browser?.stop()
  await program?.stop()
})

test('messages of 1 to 262144 bytes, and empty ones, come back whole', async () => {
  const failed = await page.evaluate(async () => {
    const { pc, channel } = await connectBy.answerOffer()
    const next = () => new Promise(resolve => { channel.onmessage = event => resolve(event.data) })
    const failed = []
    for (const size of [1, 2, 1200, 16384, 65535, 65536, 131072, 262143, 262144]) {
      const bytes = new Uint8Array(size)
      for (let i = 0; i < size; ++i) bytes[i] = i * 7 + (i >> 8)
      channel.send(bytes)
      const back = new Uint8Array(await next())
      if (back.length !== size || back.some((b, i) => b !== bytes[i])) failed.push(size)
    }
    channel.send('')
    if (await next() !== '') failed.push('empty text')
    channel.send(new Uint8Array(0))
    if ((await next()).byteLength !== 0) failed.push('empty binary')
    if (pc.sctp.maxMessageSize !== 262144) failed.push('maxMessageSize')
    pc.close()
    return failed
  })
  assert.deepEqual(failed, [])
})

test('200 channels open at once and echo', async () => {
  const echoed = await page.evaluate(async () => {
    const { pc } = await connectBy.answerOffer()
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => new Promise(resolve => {
      const channel = pc.createDataChannel('echo')
      channel.onopen = () => channel.send(`number ${i}`)
      channel.onmessage = event => resolve(event.data === `number ${i}`)
    })))
    pc.close()
    return all.filter(Boolean).length
  })
  assert.equal(echoed, 200)
})

test('820 channels closed by either side need no more ids than are open at once', async () => {
  const { closed, ids } = await page.evaluate(async () => {
    const { pc } = await connectBy.answerOffer()
    const ids = new Set()
    let closed = 0
    const once = (label, act) => new Promise(resolve => {
      const channel = pc.createDataChannel(label)
      channel.onopen = () => { ids.add(channel.id); act(channel) }
      channel.onmessage = () => channel.close()
      channel.onclose = () => { ++closed; resolve() }
    })
    const by_us = () => once('echo', channel => channel.send('x'))
    const by_them = () => once('close', channel => channel.send('x'))
    for (let i = 0; i < 100; ++i) await by_us()
    for (let i = 0; i < 20; ++i) await by_them()
    for (let i = 0; i < 5; ++i) await Promise.all(Array.from({ length: 100 }, by_us))
    for (let i = 0; i < 10; ++i) await Promise.all(Array.from({ length: 20 }, by_them))
    pc.close()
    return { closed, ids: ids.size }
  })
  assert.equal(closed, 820)
  assert.ok(ids <= 202, `${ids} ids`)
})

test('5000 echoes one after the other', async () => {
  const count = await page.evaluate(async () => {
    const { pc, channel } = await connectBy.answerOffer()
    let count = 0
    await new Promise(resolve => {
      channel.onmessage = () => { if (++count === 5000) resolve(); else channel.send('ping') }
      channel.send('ping')
    })
    pc.close()
    return count
  })
  assert.equal(count, 5000)
})

test('a certificate that is not the offered one aborts the handshake', async () => {
  const state = await page.evaluate(async () => {
    const { pc, channel } = await connectBy.answerOffer({ wrong: true })
    await new Promise(resolve => {
      pc.onconnectionstatechange = () => ['failed', 'closed'].includes(pc.connectionState) && resolve()
    })
    const opened = channel.readyState === 'open'
    const state = pc.connectionState
    pc.close()
    return { state, opened }
  })
  assert.deepEqual(state, { state: 'failed', opened: false })
  const { last_close } = await program.ask({ status: true })
  assert.equal(last_close, 0) // webrtc::CloseReason::fingerprint_mismatch
})

test('closing leaves no session behind', async () => {
  await page.evaluate(async () => {
    for (let i = 0; i < 30; ++i) {
      const { pc } = await connectBy.answerOffer()
      pc.close()
    }
  })
  for (let i = 0; i < 100; ++i) {
    const { sessions } = await program.ask({ status: true })
    if (sessions === 0) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail('sessions remain')
})
