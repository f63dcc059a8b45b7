// node-datachannel doing what webrtc-echo --raw does, for the benchmarks.
//   node ndc-twin.mjs [ADDRESS]
import { createInterface } from 'node:readline'
import ndc from 'node-datachannel'

const print = line => process.stdout.write(JSON.stringify(line) + '\n')
const peers = new Set()

function serve(channel) {
  const label = channel.getLabel()
  let counted = 0
  if (label === 'echo') {
    channel.onMessage(data => typeof data === 'string' ? channel.sendMessage(data) : channel.sendMessageBinary(data))
  } else if (label === 'sink') {
    channel.onMessage(data => {
      if (typeof data === 'string') channel.sendMessage(String(counted))
      else counted += data.byteLength
    })
  } else if (label.startsWith('source ')) {
    const [, size, total] = label.split(' ').map(Number)
    const message = Buffer.alloc(size)
    let left = total
    const more = () => {
      while (left > 0 && channel.bufferedAmount() < 1 << 20) {
        channel.sendMessageBinary(left >= size ? message : message.subarray(0, left))
        left -= Math.min(left, size)
      }
    }
    channel.setBufferedAmountLowThreshold(1 << 19)
    channel.onBufferedAmountLow(more)
    more()
  }
}

createInterface({ input: process.stdin }).on('line', line => {
  const { offer } = JSON.parse(line)
  if (!offer) return print({ sessions: peers.size })
  const peer = new ndc.PeerConnection('twin', { iceServers: [], bindAddress: process.argv[2] ?? '127.0.0.1', maxMessageSize: 262144 })
  peers.add(peer)
  peer.onDataChannel(serve)
  peer.onStateChange(state => {
    if (state === 'closed' || state === 'failed' || state === 'disconnected') peers.delete(peer)
  })
  let answered = false
  const answer = () => {
    if (answered) return
    answered = true
    print({ answer: peer.localDescription().sdp })
  }
  peer.onGatheringStateChange(state => state === 'complete' && answer())
  peer.setRemoteDescription(offer, 'offer')
})
process.on('SIGTERM', () => process.exit(0))
print({ ready: true })
