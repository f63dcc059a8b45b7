/** A page that reaches an appliance by the SDK. */
import * as sdk from "../src/index.ts";
import {
  connect,
  DeviceKeys,
  parseLink,
  type ConnectionStatus,
  type HearthConnection,
} from "../src/index.ts";

const seen: ConnectionStatus[] = [];
const times: number[] = [];

async function reach(
  target: Parameters<typeof connect>[0],
  remember = false,
  options: { relayOnly?: boolean } = {},
): Promise<HearthConnection> {
  const keys = DeviceKeys.open();
  const device = remember ? ((await keys.load()) ?? (await keys.create())) : await keys.createEphemeral();
  const connection = await connect(target, { device, appliances: null, ...options });
  seen.push(connection.status);
  const begin = performance.now();
  connection.subscribe((status) => {
    seen.push(status);
    times.push(performance.now() - begin);
  });
  Object.assign(window, { connection, device });
  return connection;
}

Object.assign(window, { reach, seen, times, DeviceKeys, parseLink, sdk });
