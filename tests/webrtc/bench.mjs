// WebRTC against node-datachannel, and other builds of ours, as the server, the same Chromium page, turn about in one
// run. Prints a table and one line of JSON.
//   node bench.mjs [MEGABYTES] [ROUNDS] [NAME=FOLDER-OF-PROGRAMS]…
import { Browser, Program, offerTo } from './harness.mjs'

const megabytes = Number(process.argv[2] ?? 100)
const rounds = Number(process.argv[3] ?? 3)
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

const servers = {
  ours: await Program.start('webrtc-echo', ['--raw']),
  'node-datachannel': await Program.start('ndc-twin.mjs')
}
for (const other of process.argv.slice(4)) {
  const [name, folder] = other.split('=')
  servers[name] = await Program.start('webrtc-echo', ['--raw'], { folder })
}
const browser = await Browser.start()
const page = await browser.page()
for (const [name, program] of Object.entries(servers)) await offerTo(page, program, name)

const setup = name => page.evaluate(async name => {
  const began = performance.now()
  const { pc } = await connectBy[name]()
  const took = performance.now() - began
  pc.close()
  return took
}, name)

const upload = (name, total) => page.evaluate(async ([name, total]) => {
  const { pc, channel } = await connectBy[name]({ label: 'sink' })
  const message = new Uint8Array(65536)
  const began = performance.now()
  channel.bufferedAmountLowThreshold = 1 << 19
  for (let left = total; left > 0; left -= message.length) {
    if (channel.bufferedAmount > 1 << 20) await new Promise(resolve => { channel.onbufferedamountlow = resolve })
    channel.send(message)
  }
  channel.send('how much?')
  const counted = await new Promise(resolve => { channel.onmessage = event => resolve(Number(event.data)) })
  const took = performance.now() - began
  pc.close()
  if (counted < total) throw new Error(`${counted} of ${total}`)
  return total / 1e3 / took
}, [name, total])

const download = (name, total) => page.evaluate(async ([name, total]) => {
  const { pc } = await connectBy[name]()
  const began = performance.now()
  const channel = pc.createDataChannel(`source 65536 ${total}`)
  channel.binaryType = 'arraybuffer'
  let got = 0
  await new Promise(resolve => { channel.onmessage = event => { got += event.data.byteLength; if (got >= total) resolve() } })
  const took = performance.now() - began
  pc.close()
  return total / 1e3 / took
}, [name, total])

const names = Object.keys(servers)
const results = Object.fromEntries(names.map(name => [name, { setup: [], up: [], up_cpu: [], down: [], down_cpu: [] }]))
for (const name of names) await setup(name) // warm
for (let i = 0; i < 15; ++i) for (const name of names) results[name].setup.push(await setup(name))
for (let round = 0; round < rounds; ++round) {
  for (const name of names) {
    for (const [what, run] of [['up', upload], ['down', download]]) {
      const before = await servers[name].cpu()
      results[name][what].push(await run(name, megabytes * 1e6))
      results[name][`${what}_cpu`].push(await servers[name].cpu() - before)
    }
  }
}
await browser.stop()
for (const program of Object.values(servers)) await program.stop()

const summary = Object.fromEntries(names.map(name => [name,
  Object.fromEntries(Object.entries(results[name]).map(([key, values]) => [key, Number(median(values).toFixed(2))]))]))
const row = (what, key, ratio) => {
  const cells = names.map(name => name === 'ours' ? summary.ours[key] : `${summary[name][key]} (${ratio(summary.ours[key], summary[name][key]).toFixed(2)}x)`)
  return `| ${[what, ...cells].join(' | ')} |`
}
const [more, less] = [(ours, theirs) => ours / theirs, (ours, theirs) => theirs / ours]
console.log([
  `| what (median; ours to it) | ${names.join(' | ')} |`,
  `|${'---|'.repeat(names.length + 1)}`,
  row('new RTCPeerConnection to open, ms', 'setup', less),
  row('up, MB/s', 'up', more),
  row('down, MB/s', 'down', more),
  row(`server CPU for ${megabytes} MB up, s`, 'up_cpu', more),
  row(`server CPU for ${megabytes} MB down, s`, 'down_cpu', more)
].join('\n'))
console.log(JSON.stringify({ bench: 'webrtc', megabytes, rounds, ...summary }))
