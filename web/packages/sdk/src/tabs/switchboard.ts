/**
 * Where two tabs that know the same word exchange a port: a SharedWorker, since ports go through nothing else that
 * all tabs of an origin have in common. It understands nothing of what tabs say, so tabs of any version share it.
 */
import { Exchange, type SwitchboardMessage } from "./exchange.ts";

declare const self: { onconnect: ((event: MessageEvent) => void) | null };

const exchange = new Exchange();

self.onconnect = ({ ports: [tab] }) => {
  if (tab === undefined) return;
  tab.onmessage = ({ data, ports }: MessageEvent<SwitchboardMessage>) => {
    if (typeof data?.word !== "string") return;
    if (ports[0] !== undefined) exchange.offer(data.word, ports[0]);
    else exchange.ask(data.word, (port) => tab.postMessage({ word: data.word }, [port]));
  };
  tab.postMessage({ ready: true });
};
