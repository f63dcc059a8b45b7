// What the tests and the benchmark share: our programs, node-datachannel's twin of them, a browser.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const root = new URL('../../', import.meta.url).pathname
const bin = process.env.HEARTH_BIN ?? join(root, 'build/dev/bin')

/** A program that speaks lines of JSON. Orders are answered in turn. */
export class Program {
  /** `within` is a command that it runs inside of. */
  static async start(name, args = [], { folder = bin, within = [] } = {}) {
    const own = name.endsWith('.mjs') ? [process.execPath, new URL(name, import.meta.url).pathname] : [join(folder, name)]
    const [command, ...all] = [...within, ...own, ...args]
    const program = new Program(spawn(command, all, { stdio: ['pipe', 'pipe', 'inherit'] }))
    program.ready = await program.line()
    return program
  }

  #lines = []
  #waiting = []
  constructor(child) {
    this.child = child
    createInterface({ input: child.stdout }).on('line', line => {
      const waiting = this.#waiting.shift()
      if (waiting) waiting.resolve(JSON.parse(line))
      else this.#lines.push(JSON.parse(line))
    })
    child.on('exit', code => {
      this.exited = code
      for (const one of this.#waiting) one.reject(new Error(`ended with ${code}`))
    })
  }
  line() {
    if (this.#lines.length) return Promise.resolve(this.#lines.shift())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
  ask(order) {
    this.child.stdin.write(JSON.stringify(order) + '\n')
    return this.line()
  }
  /** User and system seconds so far. */
  async cpu() {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  async stop() {
    if (this.exited !== undefined) return
    const gone = new Promise(resolve => this.child.once('exit', resolve))
    this.child.kill('SIGTERM')
    await gone
  }
}

/** A browser with a page on http://localhost; `scripts` maps paths to JavaScript. */
export class Browser {
  static async start(scripts = {}) {
    const server = createServer((request, response) => {
      const script = scripts[request.url]
      response.writeHead(request.url === '/' || script ? 200 : 404, {
        'content-type': script ? 'text/javascript' : 'text/html'
      })
      response.end(script ?? '<!doctype html><meta charset=utf-8><title>page</title>')
    })
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
    const folder = await mkdtemp(join(tmpdir(), 'hearth-chromium-'))
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync']
    })
    return new Browser(server, context, folder)
  }
  constructor(server, context, folder) {
    Object.assign(this, { server, context, folder, url: `http://localhost:${server.address().port}/` })
  }
  async page() {
    const page = await this.context.newPage()
    page.on('pageerror', error => console.error('page:', error))
    if (process.env.HEARTH_PAGE_LOG) page.on('console', message => console.error('page:', message.text()))
    await page.goto(this.url)
    return page
  }
  async stop() {
    await this.context.close()
    this.server.close()
    this.server.closeAllConnections()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Gives the page `connect()`: a new RTCPeerConnection to a --raw program, answered over its pipes. */
export async function offerTo(page, program, name = 'answerOffer') {
  let turn = Promise.resolve()
  await page.exposeFunction(name, (offer, wrong) => {
    turn = turn.then(() => program.ask({ offer, wrong_fingerprint: wrong ?? false }))
    return turn
  })
  await page.evaluate(name => {
    globalThis.connectBy ??= {}
    globalThis.connectBy[name] = async ({ label = 'echo', wrong = false } = {}) => {
      const pc = new RTCPeerConnection()
      const channel = pc.createDataChannel(label)
      channel.binaryType = 'arraybuffer'
      await pc.setLocalDescription()
      const { answer } = await globalThis[name](pc.localDescription.sdp, wrong)
      await pc.setRemoteDescription({ type: 'answer', sdp: answer })
      if (!wrong) {
        await new Promise((resolve, reject) => {
          channel.onopen = resolve
          pc.onconnectionstatechange = () => pc.connectionState === 'failed' && reject(new Error('failed'))
        })
      }
      return { pc, channel }
    }
  }, name)
}
